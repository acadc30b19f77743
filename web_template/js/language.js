/**
 * Leads a visitor from the start page to the one in their language, before it is drawn; on every page it remembers the
 * language that the visitor chooses.
 *
 * What the visitor chose goes before what the browser prefers. `#en` in the address stays, whatever was chosen: it is
 * how the links to English work where nothing can be remembered.
 */

const KEY = "lesionlens.language";

/** @returns {string | null} as in `hreflang` */
function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing for this site
  }
}

/** @param {string} language */
function remember(language) {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // Then the link alone has to do.
  }
}

/** @param {string} tag */
function primary(tag) {
  return (tag.split("-")[0] ?? "").toLowerCase();
}

/** Goes to the page in the best language that the site has, if that is another one. */
function lead() {
  const { lang, dataset } = document.documentElement;
  if (dataset.folders === undefined || location.hash === `#${lang}`) return; // not the start page, or by choice
  const folders = dataset.folders.split(" "); // each with the page in the language it is called after
  const wanted = [chosen(), ...navigator.languages].filter((tag) => tag !== null).map(primary);
  const best = wanted.find((language) => language === lang || folders.includes(language));
  if (best && best !== lang) location.replace(`${best}/index.html${location.search}${location.hash}`);
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-language]") : null;
  if (link) remember(link.getAttribute("hreflang") ?? "");
});

lead();

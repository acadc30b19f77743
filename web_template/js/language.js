"use strict";
/**
 * Leads a visitor from the start page to the one in their language. It runs before the page is drawn, and the other
 * pages of the site do not have it.
 *
 * What the visitor chose goes before what the browser prefers. `#en` in the address stays, whatever was chosen: it is
 * how the links to English work where nothing can be remembered.
 */
const Language = (() => {
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

  /** @returns {Map<string, string>} the addresses of the page in other languages, by the first part of their tags */
  function others() {
    /** @type {NodeListOf<HTMLLinkElement>} */
    const links = document.querySelectorAll("link[rel=alternate][hreflang]");
    // Not `href`: search engines want the full address there, of where the site will be.
    return new Map(Array.from(links, (link) => [primary(link.hreflang), link.dataset.address ?? ""]));
  }

  /** @param {string} tag */
  function primary(tag) {
    return (tag.split("-")[0] ?? "").toLowerCase();
  }

  /** Goes to the page in the best language that the site has, if that is another one. */
  function lead() {
    const own = primary(document.documentElement.lang);
    if (document.documentElement.dataset.start === undefined || location.hash === `#${own}`) return;
    const addresses = others();
    const wanted = [chosen(), ...navigator.languages].filter((tag) => tag !== null).map(primary);
    const best = wanted.find((language) => language === own || addresses.has(language));
    const address = best && best !== own && addresses.get(best);
    if (address) location.replace(address + location.search + location.hash);
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-language]") : null;
    if (link) remember(link.getAttribute("hreflang") ?? "");
  });

  return Object.freeze({ lead });
})();

Language.lead();

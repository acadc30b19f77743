/** The site's address, and what the page says of the site's files: in the page itself, or in a worker that it started. */

/** @import { LesionClass } from "../network/cards.js" */

/**
 * The SHA-256 of the files that decide an answer, by address; and the classes of which every network of the site tells.
 * @typedef {{readonly files: Readonly<Record<string, string>>, readonly classes: readonly LesionClass[]}} SiteFacts
 */

const isWorker = typeof document === "undefined";
/** What engine.js leaves in a worker. @type {{readonly siteRoot: string, readonly siteFacts: SiteFacts | null}} */
const given = /** @type {any} */ (globalThis);

/** Pages of other languages lie one folder down; the scripts are the same for all. */
export const root = isWorker ? given.siteRoot : new URL("../", scriptAddress()).href;

/** Null: the page says nothing of its site, as those that only measure. */
export const facts = isWorker ? given.siteFacts : factsOfPage();

function scriptAddress() {
  return /** @type {HTMLScriptElement} */ (document.currentScript).src;
}

/** @returns {SiteFacts | null} */
function factsOfPage() {
  const element = document.getElementById("site");
  return element && JSON.parse(element.textContent ?? "");
}

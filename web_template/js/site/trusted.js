/**
 * The only addresses that code is loaded from: the site's own scripts, and blobs that were made here.
 *
 * Everything that takes such an address refuses any other, where the browser has Trusted Types; elsewhere it is checked
 * here all the same. The page's policy lets this one set of rules be, under this name, and no second one.
 */

import * as Site from "./site.js";

/** @type {Set<string>} */
const blobs = new Set();
const rules = {
  /** @param {string} address */
  createScriptURL(address) {
    const isOfSite = address.startsWith(Site.root) && /^[\w./@%-]+\.js$/.test(address.slice(Site.root.length));
    if (!(isOfSite && new URL(address).href === address) && !blobs.has(address)) {
      throw new TypeError(`This is no script of the site: ${address}`);
    }
    return address;
  },
};
/** Not in every browser. @type {{createPolicy<Rules>(name: string, rules: Rules): Rules} | undefined} */
const trustedTypes = Reflect.get(globalThis, "trustedTypes");
const policy = trustedTypes?.createPolicy("lesionlens", rules) ?? rules;

/**
 * @param {string} address whole
 * @returns {string} what the browser takes for a script's address; throws where it is none of the site's
 */
export function script(address) {
  return /** @type {string} */ (policy.createScriptURL(address));
}

/**
 * Where a worker can be started from.
 * @param {string} source
 * @returns {{address: string, forget: () => void}}
 */
export function blob(source) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  blobs.add(address);
  const trusted = script(address);
  blobs.delete(address);
  return { address: trusted, forget: () => URL.revokeObjectURL(address) };
}

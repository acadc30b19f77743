/** Runs more of the site's scripts when they are needed: in a worker, or on the page. */

import * as Bytes from "./bytes.js";
import * as Site from "./site.js";
import * as Trusted from "./trusted.js";

/** Only workers have it. @type {(address: string) => void} */
const importScripts = Reflect.get(globalThis, "importScripts");
/** What has run here, or will. By address. @type {Map<string, Promise<void>>} */
const known = new Map();
const isWorker = typeof document === "undefined";

/**
 * Runs scripts one after the other, each once however often it is asked for. Throws a Bytes.Problem.
 * @param {...string} addresses relative to the site
 */
export async function load(...addresses) {
  for (const address of addresses) await run(address);
}

/** @param {string} address */
function run(address) {
  const there = known.get(address);
  if (there) return there;
  const done = isWorker ? runInWorker(address) : runOnPage(address);
  known.set(address, done);
  done.catch(() => known.delete(address)); // a second try may find it
  return done;
}

/** @param {string} address */
async function runInWorker(address) {
  try {
    importScripts(Trusted.script(`${Site.root}${address}`));
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== "NetworkError") throw error;
    await Bytes.fetch(address); // waits for a lost connection, and knows what else may be wrong
    importScripts(Trusted.script(`${Site.root}${address}`));
  }
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function runOnPage(address) {
  const element = document.createElement("script");
  element.src = Trusted.script(`${Site.root}${address}`);
  /** What is broken in it is told when it is missed, in the visitor's words. @param {ErrorEvent} event */
  const note = (event) => {
    event.preventDefault();
    console.info(`${address} does not begin:`, event.message);
  };
  addEventListener("error", note);
  return /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
    element.onload = () => {
      element.remove();
      resolve();
    };
    element.onerror = () => {
      element.remove();
      reject(new Bytes.Problem("missing", `A file of this page is missing: ${address}.`, { file: address }));
    };
    document.head.append(element);
  })).finally(() => removeEventListener("error", note));
}

/**
 * Throws a Bytes.Problem if one of the page's own scripts is of another version of the site: it might judge otherwise.
 * From disk no script can be read.
 */
export async function check() {
  if (!Site.facts || location.protocol === "file:") return;
  const addresses = [...document.scripts].map(({ src }) => src).filter((src) => src !== "");
  // Without a connection nothing can be said against them.
  const areRight = await Promise.all(addresses.map((address) => Bytes.wasRight(address).catch(() => true)));
  const wrong = addresses.find((_, i) => !areRight[i]);
  if (wrong) throw new Bytes.Problem("mismatched", `${wrong} does not belong to this page.`, { file: wrong.slice(Site.root.length) });
}

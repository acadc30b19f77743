/** Lets the site be opened without a network, by means of sw.js; over http alone, as browsers have it. */

import * as Site from "./site.js";
import * as Trusted from "./trusted.js";

const ANSWER_WITHIN_MS = 2000; // or the version at hand goes on: the visitor is not kept waiting

/**
 * Keeps the site on this device. Call it when nothing more pressing is to be loaded. A visit like any other where it
 * cannot be: the browser forbids it, or the site is just being changed.
 */
export async function keep() {
  if (!container()) return;
  try {
    // "none": the service worker's own scripts are compared with the site's, too, not with the browser's cache.
    await navigator.serviceWorker.register(Trusted.script(`${Site.root}sw.js`), { updateViaCache: "none" });
  } catch (error) {
    console.info("The site is not kept for offline use:", error);
  }
}

/**
 * Changes to a new version of the site that an earlier visit has brought, by loading the page again; not where other
 * pages of the site are open, which would go on with parts of both. Call it before anything else is loaded.
 */
export async function change() {
  const waiting = await nextVersion();
  if (!waiting) return;
  const { port1, port2 } = new MessageChannel();
  const isAlone = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    setTimeout(resolve, ANSWER_WITHIN_MS, false);
  });
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("take-over", [port2]);
  // Nothing is to begin that the change would cut off.
  if (await isAlone) await new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS));
}

/** @returns {Promise<ServiceWorker | null | undefined>} */
async function nextVersion() {
  try {
    return (await container()?.getRegistration(Site.root))?.waiting;
  } catch {
    return null; // forbidden, as in some private modes
  }
}

/** @returns {ServiceWorkerContainer | null} */
function container() {
  const isPossible = location.protocol !== "file:" && "serviceWorker" in navigator;
  return isPossible ? navigator.serviceWorker : null;
}

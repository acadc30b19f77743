"use strict";
/**
 * Lets the site work without a network: it keeps the pages, scripts and styles of one version of the site, and gives
 * them out together. (The networks' weights are kept by js/network/store.js.)
 *
 * No policy binds a service worker on a static host, so it binds itself, before anybody else's code runs: it can ask
 * for files of this site and for nothing else, and it cannot see what the pages keep. No page ever hands it a photo.
 */
(() => {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const SITE = worker.registration.scope;
  const ask = worker.fetch.bind(worker);

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [options]
   */
  async function fetchFromSite(input, options) {
    const request = new Request(input, options);
    const isHarmless = request.method === "GET" && request.url.startsWith(SITE) && !request.url.includes("?");
    if (!isHarmless) throw new TypeError(`The service worker asks for nothing but the site's files: ${request.url}`);
    return ask(request);
  }

  /** @param {object} owner  @param {string} name  @param {unknown} value what everybody finds there from now on */
  function replace(owner, name, value) {
    for (let each = owner; each; each = Object.getPrototypeOf(each)) {
      if (Object.hasOwn(each, name)) Object.defineProperty(each, name, { value, writable: false, configurable: false });
    }
  }

  replace(self, "fetch", fetchFromSite);
  for (const name of ["indexedDB", "WebSocket", "WebSocketStream", "WebTransport", "EventSource", "XMLHttpRequest"]) {
    replace(self, name, undefined);
  }
  for (const name of ["add", "addAll"]) replace(Cache.prototype, name, undefined); // they fetch, too
  replace(ServiceWorkerRegistration.prototype, "backgroundFetch", undefined);
  replace(Clients.prototype, "openWindow", undefined);
  replace(WindowClient.prototype, "navigate", undefined);
})();

importScripts(
  "vendor/workbox-core.prod.js",
  "vendor/workbox-routing.prod.js",
  "vendor/workbox-strategies.prod.js",
  "vendor/workbox-precaching.prod.js",
);

(() => {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const LEFT_WITHIN_MS = 1000;
  /** @type {typeof import("workbox-precaching")} */
  const { precacheAndRoute } = Reflect.get(self, "workbox").precaching;

  // Whatever stands behind the "?" of an address, the page is the same.
  // @ts-expect-error: the build writes its list of files in the place of this name
  precacheAndRoute(self.__WB_MANIFEST, { ignoreURLParametersMatching: [/./] });

  // A new version waits until no page of the old one is open, as pages load parts of themselves later. A page that has
  // only just begun and is the only one may call it in, and then loads itself again: see js/site/offline.js.
  worker.addEventListener("message", (event) => {
    if (event.data === "take-over") event.waitUntil(takeOver(event.ports[0]));
  });

  /** @param {MessagePort} asker hears whether it should load itself again */
  async function takeOver(asker) {
    const isAlone = await becomesAlone();
    asker.postMessage(isAlone);
    if (isAlone) await worker.skipWaiting();
  }

  // A page that the visitor has just left, even the one that loads itself again, is still counted for a moment.
  async function becomesAlone() {
    const deadline = Date.now() + LEFT_WITHIN_MS;
    while ((await openPages()) > 1) {
      if (Date.now() > deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return true;
  }

  async function openPages() {
    const open = await worker.clients.matchAll({ includeUncontrolled: true, type: "window" });
    return open.filter(({ url }) => url.startsWith(worker.registration.scope)).length;
  }
})();

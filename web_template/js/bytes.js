"use strict";
/**
 * The one way to the site's files: works over http and in a page opened from disk.
 *
 * Over http it is `fetch`. From disk browsers refuse `fetch` but load scripts, so the build puts a twin beside each
 * file (`a/b.bin` -> `a/b.bin.js`, written by builder/twins.py) that hands the file's bytes over in base64.
 */
const Bytes = (() => {
  // Pages of other languages lie one folder down; their scripts are these very ones, so these know where the site is.
  const script = typeof document === "object" ? document.currentScript : null; // none in a worker
  const SITE = new URL("../", script instanceof HTMLScriptElement ? script.src : location.href);
  const RETRIES = 2; // a phone that changes from Wi-Fi to mobile drops a request or two
  const RETRY_AFTER_MS = 500;

  /**
   * The bytes of the twin that is running now, by its script element.
   * @type {Map<Element, {name: string, bytes: Uint8Array<ArrayBuffer>}>}
   */
  const handedOver = new Map();

  /**
   * Gets a file of the site. Throws an Error whose message a visitor can read.
   * @param {string} url relative to the site's folder
   * @param {{onBytes?: (received: number) => void}} [options] onBytes hears how many bytes of this file have arrived,
   *   unpacked; after a lost connection it starts from 0 again
   * @returns {Promise<Response>} a complete response: its body is in memory
   */
  async function fetchFile(url, { onBytes = () => {} } = {}) {
    const address = new URL(url, SITE);
    const bytes =
      address.protocol === "file:" ? await fromTwin(address, onBytes) : await overHttp(address, onBytes, RETRIES);
    return new Response(bytes, { headers: { "content-type": mediaType(address.pathname) } });
  }

  /**
   * @param {URL} address
   * @param {(received: number) => void} onBytes
   * @param {number} retries
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async function overHttp(address, onBytes, retries) {
    let response;
    try {
      response = await fetch(address);
      if (response.status === 200) return await readCounting(response, onBytes);
    } catch {
      // Only the connection can fail here. The browser keeps the reason to itself.
      if (retries === 0) throw new Error(`The connection was lost while loading ${nameOf(address)}.`);
      onBytes(0);
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
      return overHttp(address, onBytes, retries - 1);
    }
    throw new Error(`The site did not give out ${nameOf(address)} (HTTP status ${response.status}).`);
  }

  /**
   * Reads a body chunk by chunk. What `content-length` says is the packed size, if anything: it is not asked.
   * @param {Response} response
   * @param {(received: number) => void} onBytes
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async function readCounting(response, onBytes) {
    if (!response.body) return new Uint8Array(await response.arrayBuffer());
    /** @type {Uint8Array[]} */
    const chunks = [];
    let received = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value);
      received += part.value.length;
      onBytes(received);
    }
    const whole = new Uint8Array(received);
    let offset = 0;
    for (const chunk of chunks) {
      whole.set(chunk, offset);
      offset += chunk.length;
    }
    return whole;
  }

  /**
   * @param {URL} address
   * @param {(received: number) => void} onBytes
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async function fromTwin(address, onBytes) {
    const script = document.createElement("script");
    script.src = `${address.origin === "null" ? "file://" : address.origin}${address.pathname}.js`;
    const loaded = new Promise((resolve) => {
      script.onload = () => resolve(true);
      script.onerror = () => resolve(false);
    });
    document.head.append(script);
    const found = await loaded;
    script.remove();
    const twin = handedOver.get(script);
    handedOver.delete(script);
    if (!found) throw new Error(`A file of this page is missing: ${nameOf(address)}.js.`);
    if (!twin || !decodeURIComponent(address.pathname).endsWith(`/${twin.name}`)) {
      throw new Error(`A file of this page is damaged: ${nameOf(address)}.js.`);
    }
    onBytes(twin.bytes.length);
    return twin.bytes;
  }

  /**
   * Takes in a file from its twin; only twins call it.
   * @param {string} name the file's address in the site
   * @param {string} base64
   */
  function handOver(name, base64) {
    const script = document.currentScript;
    if (script) handedOver.set(script, { name, bytes: fromBase64(base64) });
  }

  /**
   * @param {string} base64
   * @returns {Uint8Array<ArrayBuffer>}
   */
  function fromBase64(base64) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    // A plain loop: Uint8Array.from(text, callback) is 20 times slower.
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /** @param {URL} address */
  function nameOf(address) {
    return decodeURIComponent(address.pathname.slice(address.pathname.lastIndexOf("/") + 1));
  }

  /** @param {string} path */
  function mediaType(path) {
    if (path.endsWith(".json")) return "application/json";
    return path.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  }

  return Object.freeze({ fetch: fetchFile, handOver, fromBase64 });
})();

/**
 * The one way to the site's files: works over http and in a page opened from disk.
 *
 * Over http it is `fetch`. From disk browsers refuse `fetch` but load scripts, so the build puts a disk copy beside each
 * file (`a/b.bin` -> `a/b.bin.js`, written by builder/export/disk_copies.py) that hands the file's bytes over in base64.
 *
 * The page carries the hashes of the files that decide an answer (builder/site/render.py): another file is never given out.
 */

import * as Base64 from "./base64.js";
import * as Site from "./site.js";
import * as Trusted from "./trusted.js";

// After each a lost connection is tried again: a phone in a lift needs half a minute.
const RETRY_AFTER_MS = [500, 1000, 2000, 4000, 8000, 16000];
const LOOK_EVERY_MS = 500; // whether the device has a connection again
const STALLED_AFTER_MS = 60_000; // without a byte: a connection may die and say nothing

/** Why a file did not come. `code` and `values` are for whoever words it for the visitor. */
export class Problem extends Error {
  /**
   * @param {"connection-lost" | "refused" | "missing" | "damaged" | "mismatched" | "unsound"} code
   * @param {string} message
   * @param {Record<string, string | number>} values
   */
  constructor(code, message, values) {
    super(message);
    this.name = "Bytes.Problem";
    this.code = code;
    this.values = values;
  }
}

/**
 * The bytes of the disk copy that is running now, by its script element.
 * @type {Map<Element, {name: string, bytes: Uint8Array<ArrayBuffer>}>}
 */
const handedOver = new Map();

/**
 * Gets a file of the site; throws a Bytes.Problem.
 * @param {string} url whole, or relative to the site
 * @param {object} [options]
 * @param {(received: number) => void} [options.onBytes] hears how many bytes of this file have arrived, unpacked;
 *   after a lost connection it starts from 0 again
 * @param {(isWaiting: boolean) => void} [options.onWaiting] hears when the connection is lost and when it is back
 * @param {RequestPriority} [options.priority] beside what else is on its way
 * @param {boolean} [options.isFresh] not an older file of that name, which the browser's own cache may hold
 * @returns {Promise<Response>} a complete response: its body is in memory
 */
async function fetchFile(url, { onBytes = () => {}, onWaiting = () => {}, priority = "auto", isFresh = false } = {}) {
  const address = new URL(url, Site.root);
  // The second time, if an older file of that name came out of the browser's own cache.
  for (const isForced of isFresh || address.protocol === "file:" ? [true] : [false, true]) {
    /** @type {RequestInit} */
    const how = { priority, cache: isForced ? "no-cache" : "default" };
    const bytes =
      address.protocol === "file:" ? await fromTwin(address, onBytes) : await overHttp(address, how, onBytes, onWaiting);
    if (await belongsHere(address, bytes)) {
      return new Response(bytes, { headers: { "content-type": mediaType(address.pathname) } });
    }
  }
  const file = nameOf(address);
  throw new Problem("mismatched", `${file} is not the file that belongs to this page.`, { file });
}

/**
 * Whether it is the file whose hash the page carries; it carries none of what has a hash elsewhere.
 * @param {URL} address
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
async function belongsHere(address, bytes) {
  const expected = hashOf(address);
  return expected === undefined || matches(bytes, expected);
}

/** @param {URL} address  @returns {string | undefined} */
function hashOf({ href }) {
  return href.startsWith(Site.root) ? Site.facts?.files[decodeURIComponent(href.slice(Site.root.length))] : undefined;
}

/**
 * Whether a script that ran here was the one that belongs to this page: that is, what the browser's cache holds of it.
 * One that is not is fetched anew, so that the page finds the right one when it is loaded again.
 * @param {string} url
 */
export async function wasRight(url) {
  const address = new URL(url, Site.root);
  const { bytes } = await request(address, { cache: "force-cache", priority: "low" }, () => {});
  if (await belongsHere(address, bytes)) return true;
  await request(address, { cache: "reload" }, () => {});
  return false;
}

/**
 * Whether the content is what it should be. Browsers compute SHA-256 over secure connections only; over others, where
 * anybody on the way could change the page as well, everything passes.
 * @param {BufferSource} content
 * @param {string} sha256 in hexadecimal
 */
export async function matches(content, sha256) {
  if (!globalThis.crypto?.subtle) return true;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return sha256 === Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {URL} address
 * @param {RequestInit} how
 * @param {(received: number) => void} onBytes
 * @param {(isWaiting: boolean) => void} onWaiting
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function overHttp(address, how, onBytes, onWaiting) {
  const file = nameOf(address);
  for (let attempt = 0; ; attempt++) {
    let status;
    try {
      const { response, bytes } = await request(address, how, onBytes);
      if (attempt > 0) onWaiting(false);
      if (response.status === 200) return bytes;
      status = response.status;
    } catch {
      // Only the connection can fail here. The browser keeps the reason to itself.
      const delay_ms = RETRY_AFTER_MS[attempt];
      if (delay_ms === undefined) {
        onWaiting(false);
        throw new Problem("connection-lost", `The connection was lost while loading ${file}.`, { file });
      }
      onBytes(0);
      onWaiting(true);
      await untilWorthATry(delay_ms);
      continue;
    }
    throw new Problem("refused", `The site did not give out ${file} (HTTP status ${status}).`, { file, status });
  }
}

/**
 * @param {URL} address
 * @param {RequestInit} how
 * @param {(received: number) => void} onBytes
 */
async function request(address, how, onBytes) {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALLED_AFTER_MS);
  /** @param {number} received */
  const onAlive = (received) => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), STALLED_AFTER_MS);
    onBytes(received);
  };
  try {
    const response = await fetch(address, { ...how, signal: stalled.signal });
    return { response, bytes: response.status === 200 ? await readCounting(response, onAlive) : new Uint8Array() };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for a while, and then for as long as the device says that it has no connection.
 * @param {number} delay_ms
 * @returns {Promise<void>}
 */
function untilWorthATry(delay_ms) {
  return new Promise((resolve) => {
    const wait = () => {
      if (navigator.onLine) resolve();
      else setTimeout(wait, LOOK_EVERY_MS); // the "online" event does not reach every worker
    };
    setTimeout(wait, delay_ms);
  });
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
  script.src = Trusted.script(`${address.href}.js`);
  const loaded = new Promise((resolve) => {
    script.onload = () => resolve(true);
    script.onerror = () => resolve(false);
  });
  document.head.append(script);
  const found = await loaded;
  script.remove();
  const diskCopy = handedOver.get(script);
  handedOver.delete(script);
  const file = `${nameOf(address)}.js`;
  if (!found) throw new Problem("missing", `A file of this page is missing: ${file}.`, { file });
  if (!diskCopy || !decodeURIComponent(address.pathname).endsWith(`/${diskCopy.name}`)) {
    throw new Problem("damaged", `A file of this page is damaged: ${file}.`, { file });
  }
  onBytes(diskCopy.bytes.length);
  return diskCopy.bytes;
}

/**
 * Takes in a file from its disk copy; only disk copies call it.
 * @param {string} name the file's address in the site
 * @param {string} base64
 */
export function handOver(name, base64) {
  const script = document.currentScript;
  if (script) handedOver.set(script, { name, bytes: Base64.decode(base64) });
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

// The one global of these scripts: disk copies are scripts of their own.
Object.assign(globalThis, { Bytes: Object.freeze({ handOver }) });

export { fetchFile as fetch };

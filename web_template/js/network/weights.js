/** Brings a network's files here: from this device where it kept them, else over the network, file by file. */

import * as Bytes from "../site/bytes.js";
import * as Site from "../site/site.js";
import * as Store from "./store.js";
/** @import { Card, CardFile } from "./cards.js" */
/** @import { LoadProgress } from "./engine.js" */

/**
 * A network's files, by path; and what this device was found to compute it fastest with, if that was measured before.
 * @typedef {{readonly card: Card, readonly files: Map<string, ArrayBuffer>, readonly fastest: string | undefined, noteFastest(name: string): void}} Brought
 */
/** @typedef {Awaited<ReturnType<typeof Store.open>>} Shelf */
const AT_ONCE = 6; // downloads; what a browser allows one server anyway, and it bounds the memory of disk copies
const SPEED_KNOWN_AFTER_MS = 1000;

/**
 * What has arrived of networks that are not complete: a second try goes on from there. By whole address.
 * @type {Map<string, ArrayBuffer>}
 */
const arrived = new Map();

/**
 * @param {string} relativeFolder the network's address, whole or seen from the site
 * @param {object} listeners
 * @param {(progress: LoadProgress) => void} listeners.onProgress
 * @param {(reason: "full" | "forbidden") => void} listeners.onNotKept the files cannot be kept on this device
 * @param {(card: Card) => void} [listeners.onCard] may throw: nothing is brought by a card that does not do
 * @returns {Promise<Brought>}
 */
export async function bring(relativeFolder, { onProgress, onNotKept, onCard = () => {} }) {
  const folder = new URL(relativeFolder, Site.root).href;
  // Not out of the browser's cache alone: an older card would ask for weights that are no longer there.
  const card = /** @type {Card} */ (await (await Bytes.fetch(`${folder}/card.json`, { isFresh: true })).json());
  onCard(card);
  const shelf = await shelfFor(folder, card, onNotKept);
  const files = await bringFiles(folder, card, shelf, onProgress);
  return {
    card,
    files,
    fastest: await shelf?.note(card.version),
    noteFastest: (name) => void shelf?.putNote(card.version, name), // nobody waits for it
  };
}

/**
 * @param {string} folder
 * @param {Card} card
 * @param {Shelf | null} shelf
 * @param {(progress: LoadProgress) => void} onProgress
 * @returns {Promise<Map<string, ArrayBuffer>>} by path
 */
async function bringFiles(folder, card, shelf, onProgress) {
  /** @type {Map<string, ArrayBuffer>} */
  const files = new Map();
  const counter = countingFor(card.bytes, onProgress);
  const waiting = [...card.files];
  /** @type {unknown} */
  let failure;
  const loadNext = async () => {
    for (let file = waiting.shift(); file && !failure; file = waiting.shift()) {
      try {
        files.set(file.path, await bringFile(folder, file, shelf, counter));
      } catch (error) {
        failure ??= error;
      }
    }
  };
  // Until the last of them: a download that goes on behind an error would be started a second time by a second try.
  await Promise.all(Array.from({ length: AT_ONCE }, loadNext));
  if (failure) throw failure;
  for (const { path } of card.files) arrived.delete(`${folder}/${path}`);
  return files;
}

/**
 * @param {string} folder
 * @param {Card} card
 * @param {(reason: "full" | "forbidden") => void} onNotKept
 * @returns {Promise<Shelf | null>} null: opened from disk, the files are on this device anyway
 */
async function shelfFor(folder, card, onNotKept) {
  if (folder.startsWith("file:")) return null;
  return Store.open(folder, [card.version, ...card.files.map(({ sha256 }) => sha256)], onNotKept);
}

/**
 * @param {string} folder
 * @param {CardFile} file
 * @param {Shelf | null} shelf
 * @param {ReturnType<typeof countingFor>} counter
 * @returns {Promise<ArrayBuffer>}
 */
async function bringFile(folder, file, shelf, counter) {
  const address = `${folder}/${file.path}`;
  const atHand = arrived.get(address) ?? (await shelf?.get(file.sha256));
  if (atHand && (await isWhole(atHand, file))) {
    counter.foundHere(file.path, file.bytes);
    return atHand;
  }
  const content = await fetchWhole(address, file, counter);
  arrived.set(address, content);
  void shelf?.put(file.sha256, content); // nobody waits for it, and its failures are told through onNotKept
  return content;
}

/**
 * @param {string} address
 * @param {CardFile} file
 * @param {ReturnType<typeof countingFor>} counter
 */
async function fetchWhole(address, file, counter) {
  for (const isFresh of [false, true]) {
    const response = await Bytes.fetch(address, {
      onBytes: (count) => counter.fetched(file.path, count),
      onWaiting: counter.waiting,
      priority: "low", // what computes with them goes first
      isFresh,
    });
    const content = await response.arrayBuffer();
    if (await isWhole(content, file)) return content;
    counter.fetched(file.path, 0); // an older file of that name, out of the browser's own cache
  }
  throw new Bytes.Problem("damaged", `${file.path} is not the file that belongs to this network.`, { file: file.path });
}

/**
 * @param {ArrayBuffer} content
 * @param {CardFile} file
 */
async function isWhole(content, { bytes, sha256 }) {
  return content.byteLength === bytes && (await Bytes.matches(content, sha256));
}

/**
 * Adds up what has arrived, and tells how long the rest will take at the speed so far.
 * @param {number} totalBytes
 * @param {(progress: LoadProgress) => void} onProgress
 */
function countingFor(totalBytes, onProgress) {
  /** @type {Map<string, number>} */
  const received = new Map();
  let here = 0; // bytes that did not come over the network: they say nothing about its speed
  let isWaiting = false;
  let since_ms = performance.now();
  let before = 0; // bytes that had come by then

  const report = () => {
    const loadedBytes = [...received.values()].reduce((sum, bytes) => sum + bytes, 0);
    const passed_ms = performance.now() - since_ms;
    const came = loadedBytes - here - before;
    const isKnown = !isWaiting && came > 0 && passed_ms >= SPEED_KNOWN_AFTER_MS;
    const secondsLeft = isKnown ? ((totalBytes - loadedBytes) / came) * (passed_ms / 1000) : null;
    onProgress({ loadedBytes, totalBytes, secondsLeft, isWaiting });
    return loadedBytes;
  };
  report();
  return Object.freeze({
    /** @param {string} path  @param {number} bytes */
    foundHere(path, bytes) {
      here += bytes;
      received.set(path, bytes);
      report();
    },
    /** @param {string} path  @param {number} bytes */
    fetched(path, bytes) {
      received.set(path, bytes);
      report();
    },
    /** @param {boolean} isNow whether the connection is lost */
    waiting(isNow) {
      if (isNow === isWaiting) return;
      isWaiting = isNow;
      since_ms = performance.now();
      before = report() - here;
    },
  });
}

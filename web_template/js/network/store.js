/**
 * Keeps a network's files on this device, each under the SHA-256 of its content, so that the next visit fetches nothing.
 *
 * Where nothing can be kept (private mode, no room, no secure connection) that is said once, and is no error: the files
 * come over the network again next time.
 */

import * as Bytes from "../site/bytes.js";

/** @typedef {"full" | "forbidden"} Reason why files cannot be kept */

/** What is kept of one network. */
class Shelf {
  /** @type {Cache | null} null: nothing can be kept */
  #cache = null;
  #folder;
  #onNotKept;

  /**
   * @param {string} folder the network's whole address
   * @param {(reason: Reason) => void} onNotKept
   */
  constructor(folder, onNotKept) {
    this.#folder = folder;
    this.#onNotKept = onNotKept;
  }

  /**
   * Throws away what belongs to an older network: it would be in the new one's way.
   * @param {readonly string[]} wanted the SHA-256 of each file, and the keys of notes
   */
  async open(wanted) {
    try {
      // The folder is in the name, because sites at other paths of this origin see the same caches.
      const cache = await caches.open(`network ${this.#folder}`);
      const addresses = new Set(wanted.map((key) => this.#addressOf(key)));
      for (const { url } of await cache.keys()) {
        if (!addresses.has(url)) await cache.delete(url);
      }
      this.#cache = cache;
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /**
   * @param {string} sha256
   * @returns {Promise<ArrayBuffer | undefined>} nothing, if it is not there or is damaged
   */
  async get(sha256) {
    const address = this.#addressOf(sha256);
    try {
      const kept = await this.#cache?.match(address);
      if (!kept) return undefined;
      const content = await kept.arrayBuffer();
      if (await Bytes.matches(content, sha256)) return content;
      await this.#cache?.delete(address);
    } catch (error) {
      this.#giveUp(error);
    }
    return undefined;
  }

  /**
   * @param {string} sha256
   * @param {ArrayBuffer} content
   */
  async put(sha256, content) {
    try {
      await this.#cache?.put(this.#addressOf(sha256), new Response(content));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /**
   * A few words that were kept with the files. They say nothing that must be right.
   * @param {string} key
   * @returns {Promise<string | undefined>}
   */
  async note(key) {
    try {
      return await (await this.#cache?.match(this.#addressOf(key)))?.text();
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  /**
   * @param {string} key
   * @param {string} text
   */
  async putNote(key, text) {
    try {
      await this.#cache?.put(this.#addressOf(key), new Response(text));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** @param {string} key */
  #addressOf(key) {
    return `${this.#folder}/${key}`;
  }

  /** @param {unknown} error */
  #giveUp(error) {
    console.info("The network cannot be kept on this device:", error);
    this.#cache = null;
    this.#onNotKept(error instanceof DOMException && error.name === "QuotaExceededError" ? "full" : "forbidden");
    this.#onNotKept = () => {}; // once is enough
  }
}

/**
 * @param {string} folder the network's whole address
 * @param {readonly string[]} wanted the SHA-256 of each of its files, and the keys of notes
 * @param {(reason: Reason) => void} onNotKept called once at most
 */
export async function open(folder, wanted, onNotKept) {
  const shelf = new Shelf(folder, onNotKept);
  await shelf.open(wanted);
  return shelf;
}

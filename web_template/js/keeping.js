"use strict";
/** Keeps answers on this device (IndexedDB), and only after the visitor has switched that on. */
const Keeping = (() => {
  const DATABASE = "lesionlens.history";
  const STORE = "answers";
  const SWITCH = "lesionlens.history"; // in localStorage; there only while keeping is on

  /** A Blob is in what earlier versions of the page kept. @typedef {{answered: AnsweredPhoto, cutout: Blob | {type: string, bytes: ArrayBuffer}}} Stored */

  /** The browser keeps nothing for this page: private mode, a full disk, or the visitor's own settings. */
  class Problem extends Error {}

  function isOn() {
    try {
      return localStorage.getItem(SWITCH) !== null;
    } catch {
      return false; // the browser keeps nothing for this page
    }
  }

  /** @param {boolean} on */
  function turn(on) {
    try {
      if (on) localStorage.setItem(SWITCH, "on");
      else localStorage.removeItem(SWITCH);
    } catch (error) {
      throw new Problem(String(error));
    }
  }

  /** @param {KeptAnswer} kept  @param {number} [key] of an older one that this one replaces  @returns {Promise<number>} its key */
  async function put(kept, key) {
    // As bytes: WebKit, and so every iPhone, keeps no Blob in a private window.
    const cutout = { type: kept.cutout.type, bytes: await kept.cutout.arrayBuffer() };
    return Number(await asked("readwrite", (store) => store.put({ ...kept, cutout }, key)));
  }

  /** @returns {Promise<Map<number, KeptAnswer>>} by key, the oldest first */
  async function all() {
    if (!(await isThere())) return new Map();
    const keys = /** @type {number[]} */ (await asked("readonly", (store) => store.getAllKeys()));
    const stored = /** @type {Stored[]} */ (await asked("readonly", (store) => store.getAll()));
    return new Map(keys.map((key, i) => [key, { ...stored[i], cutout: asBlob(stored[i].cutout) }]));
  }

  /** @param {Stored["cutout"]} cutout */
  function asBlob(cutout) {
    return cutout instanceof Blob ? cutout : new Blob([cutout.bytes], { type: cutout.type });
  }

  /** Delete everything that was kept, the place for it included. */
  function clear() {
    return done(indexedDB.deleteDatabase(DATABASE));
  }

  /** Looking must not make a database: nothing is stored before the switch. Old browsers cannot tell; they make one. */
  async function isThere() {
    if (!indexedDB.databases) return true;
    return (await indexedDB.databases()).some(({ name }) => name === DATABASE);
  }

  /** @param {IDBTransactionMode} mode  @param {(store: IDBObjectStore) => IDBRequest} question */
  async function asked(mode, question) {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { autoIncrement: true });
    const database = /** @type {IDBDatabase} */ (await done(opening));
    try {
      return await done(question(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  }

  /** @param {IDBRequest} request  @returns {Promise<unknown>} */
  function done(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Problem(String(request.error)));
    });
  }

  return Object.freeze({ Problem, isOn, turn, put, all, clear });
})();

/** Keeps answers on this device (IndexedDB), and only after the visitor has switched that on. */

/** @import { AnsweredPhoto } from "../answer/answering.js" */

/** An answer that is kept, with a small picture of what was in the frame. @typedef {{readonly answered: AnsweredPhoto, readonly cutout: Blob}} KeptAnswer */

const DATABASE = "lesionlens.history";
const STORE = "answers";
const SWITCH = "lesionlens.history"; // in localStorage; there only while keeping is on
export const MOST = 200; // answers: one spot a week for four years; as many rows as a phone lays out without a pause

/** The browser keeps nothing for this page: private mode, a full disk, or the visitor's own settings. */
export class Problem extends Error {}

export function isOn() {
  try {
    return localStorage.getItem(SWITCH) !== null;
  } catch {
    return false; // the browser keeps nothing for this page
  }
}

/** @param {boolean} on */
export function turn(on) {
  try {
    if (on) localStorage.setItem(SWITCH, "on");
    else localStorage.removeItem(SWITCH);
  } catch (error) {
    throw new Problem(String(error));
  }
}

/**
 * Where there are too many by then, the oldest go.
 * @param {KeptAnswer} kept  @param {number} [key] of an older one that this one replaces  @returns {Promise<number>} its key
 */
export async function put(kept, key) {
  // As bytes: WebKit, and so every iPhone, keeps no Blob in a private window.
  const cutout = { type: kept.cutout.type, bytes: await kept.cutout.arrayBuffer() };
  const given = Number(await asked("readwrite", (store) => store.put({ ...kept, cutout }, key)));
  const keys = /** @type {number[]} */ (await asked("readonly", (store) => store.getAllKeys()));
  const last = keys[keys.length - MOST - 1];
  if (last !== undefined) await asked("readwrite", (store) => store.delete(IDBKeyRange.upperBound(last)));
  return given;
}

/**
 * The newest, as many as are kept at most: more may be there, from before there was a limit.
 * @returns {Promise<Map<number, unknown>>} by key, the oldest first; what was kept may be damaged, see KeptAnswers
 */
export async function newest() {
  if (!(await isThere())) return new Map();
  const keys = /** @type {number[]} */ (await asked("readonly", (store) => store.getAllKeys())).slice(-MOST);
  if (keys.length === 0) return new Map();
  const kept = /** @type {any[]} */ (await asked("readonly", (store) => store.getAll(IDBKeyRange.lowerBound(keys[0]))));
  return new Map(keys.map((key, i) => [key, withBlob(kept[i])]));
}

/** The picture as the page has it; what is no bytes is left as it is. @param {any} kept  @returns {unknown} */
function withBlob(kept) {
  const cutout = kept?.cutout;
  if (!(cutout?.bytes instanceof ArrayBuffer)) return kept;
  return { ...kept, cutout: new Blob([cutout.bytes], { type: String(cutout.type) }) };
}

/** Delete everything that was kept, the place for it included, whatever state that is in. */
export function clear() {
  return done(indexedDB.deleteDatabase(DATABASE));
}

/** Looking must not make a database: nothing is stored before the switch. Old browsers cannot tell; they make one. */
export async function isThere() {
  if (!indexedDB.databases) return true;
  return (await indexedDB.databases()).some(({ name }) => name === DATABASE);
}

/** @param {IDBTransactionMode} mode  @param {(store: IDBObjectStore) => IDBRequest} question */
async function asked(mode, question) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { autoIncrement: true });
  const database = /** @type {IDBDatabase} */ (await done(opening));
  try {
    const transaction = database.transaction(STORE, mode);
    const finished = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(new Problem(String(transaction.error))); // e.g. a full disk
    });
    finished.catch(() => {}); // the question fails before, as a rule
    const answer = await done(question(transaction.objectStore(STORE)));
    await finished;
    return answer;
  } finally {
    database.close();
  }
}

/** @param {IDBRequest} request  @returns {Promise<unknown>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new Problem(String(request.error)));
    // Another page of the site holds the place open: it goes once that one is closed.
    if (request instanceof IDBOpenDBRequest) request.onblocked = () => reject(new Problem("the database is in use"));
  });
}

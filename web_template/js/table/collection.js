/** Several photos at once: how far the network is, a way to stop it, and the table of answers. */

import * as Parts from "../page/parts.js";
import * as Words from "../page/words.js";
import * as PhotoTable from "./photo_table.js";
/** @import { AnsweredPhoto } from "../answer/answering.js" */

const section = Parts.byId("collection", HTMLElement);
const title = Parts.byId("collection-title", HTMLElement);
const bar = Parts.byId("collection-bar", HTMLProgressElement);
const cancel = Parts.byId("collection-cancel", HTMLButtonElement);
const actions = Parts.byId("collection-actions", HTMLElement);

/** @type {(key: number) => void} */
let onOpen = () => {};
const table = PhotoTable.of(section, { open: (key) => onOpen(key) });

/**
 * @param {object} callbacks
 * @param {(index: number) => void} callbacks.open  @param {() => void} callbacks.cancel
 * @param {(answered: AnsweredPhoto[], format: "csv" | "json") => void} callbacks.save
 */
export function listen({ open, cancel: onCancel, save }) {
  onOpen = open;
  cancel.addEventListener("click", onCancel);
  actions.addEventListener("click", (event) => {
    const format = Parts.formatOf(event);
    if (format) save(table.answered(), format);
  });
}

/** @param {string[]} names of the photos, in the order they came */
export function begin(names) {
  table.clear();
  names.forEach((name, index) => table.put(index, { name }));
  section.hidden = false;
  cancel.hidden = bar.hidden = false;
  actions.hidden = true;
  showProgress(0, names.length);
  section.scrollIntoView({ block: "start" });
}

/** @param {number} done  @param {number} total */
export function showProgress(done, total) {
  bar.max = total;
  bar.value = done;
  title.textContent = Words.say("table.progress", { done, total });
}

/** @param {number} index  @param {AnsweredPhoto} answered  @param {Blob} cutout */
export function fill(index, answered, cutout) {
  table.put(index, { name: answered.name, answered, cutout });
}

/** @param {number} index  @param {string} name  @param {string} problem */
export function fail(index, name, problem) {
  table.put(index, { name, problem });
}

/** @param {number} done  @param {number} total  @returns {string} what there is now, in a sentence */
export function finish(done, total) {
  const text = done === total ? Words.plural("table.done", total) : Words.say("table.cancelled", { done, total });
  title.textContent = text;
  if (document.activeElement === cancel) title.focus(); // the button vanishes
  cancel.hidden = bar.hidden = true;
  actions.hidden = table.answered().length === 0;
  return text;
}

/** How many are answered. */
export function answered() {
  return table.answered().length;
}

export function close() {
  table.clear();
  section.hidden = true;
}

export const { mark, get } = table;

/** The answers kept on this device: a switch, off at first, the table of them, and one button that deletes all. */

import * as Parts from "../page/parts.js";
import * as View from "../page/view.js";
import * as Words from "../page/words.js";
import * as Site from "../site/site.js";
import * as PhotoTable from "../table/photo_table.js";
import * as Keeping from "./keeping.js";
import * as KeptRecord from "./kept_record.js";
/** @import { AnsweredPhoto } from "../answer/answering.js" */
/** @import { KeptAnswer } from "./keeping.js" */

const section = Parts.byId("history", HTMLElement);
const toggle = Parts.byId("history-switch", HTMLButtonElement);
const content = Parts.byId("history-content", HTMLElement);
const full = Parts.byId("history-full", HTMLElement);
const damaged = Parts.byId("history-damaged", HTMLElement);
const deleteAll = Parts.byId("history-delete", HTMLButtonElement);

/** @type {(key: number, kept: KeptAnswer) => void} */
let onOpen = () => {};
const table = PhotoTable.of(section, {
  open(key) {
    const entry = table.get(key);
    if (entry?.answered && entry.cutout) onOpen(key, { answered: entry.answered, cutout: entry.cutout });
  },
});

/** @param {{open: (key: number, kept: KeptAnswer) => void, save: (answered: AnsweredPhoto[], format: "csv" | "json") => void}} callbacks */
export function listen({ open, save }) {
  onOpen = open;
  toggle.addEventListener("click", () => orSay(() => turn(!Keeping.isOn())));
  deleteAll.addEventListener("click", () => orSay(forgetAll, "history.undeleted-title", "history.undeleted"));
  content.addEventListener("click", (event) => {
    const format = Parts.formatOf(event);
    if (format) save(table.answered(), format);
  });
  void refresh();
}

/** @param {KeptAnswer} kept  @param {number} [key] of the one that this one replaces  @returns {Promise<number | undefined>} its key */
export async function keep(kept, key) {
  if (!Keeping.isOn()) return undefined;
  return orSay(() => Keeping.put(kept, key));
}

/** @param {boolean} on */
async function turn(on) {
  Keeping.turn(on);
  await showKept();
  View.say(Words.say(on ? "history.on" : "history.off"));
}

async function forgetAll() {
  await Keeping.clear();
  toggle.focus(); // the button vanishes
  await showKept();
  View.say(Words.say("history.deleted"));
}

/** Show what is kept by now: whatever is there, and in whatever state, it can be deleted. */
export function refresh() {
  return orSay(showKept);
}

async function showKept() {
  toggle.setAttribute("aria-checked", String(Keeping.isOn()));
  content.hidden = !(await Keeping.isThere());
  const newest = [...(await Keeping.newest())].reverse();
  table.clear();
  let broken = 0;
  for (const [key, record] of newest) {
    if (KeptRecord.isWhole(record, Site.facts?.classes ?? [])) {
      const { answered, cutout } = record;
      table.put(key, { name: answered.name, answered, cutout, note: Words.time(answered.answeredAt) });
    } else {
      broken += 1;
    }
  }
  content.hidden = newest.length === 0;
  full.hidden = newest.length < Keeping.MOST;
  full.textContent = Words.say("history.full", { most: Keeping.MOST });
  damaged.hidden = broken === 0;
  damaged.textContent = Words.plural("history.damaged", broken);
}

/**
 * Where the browser keeps nothing, the answer is on the page all the same.
 * @template T
 * @param {() => Promise<T>} action  @param {string} [title]  @param {string} [text]  @returns {Promise<T | undefined>}
 */
async function orSay(action, title = "history.problem-title", text = "history.problem") {
  try {
    return await action();
  } catch (error) {
    console.info("nothing is kept:", error);
    View.showMessage(Words.say(title), Words.say(text));
    return undefined;
  }
}

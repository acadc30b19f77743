/** A table of answered photos: sortable, each row opens its answer, and any two can be set side by side. */

import * as Parts from "../page/parts.js";
import * as Words from "../page/words.js";
import * as Pair from "./pair.js";
import * as DecisionWords from "./decision_words.js";
/** @import { AnsweredPhoto } from "../answer/answering.js" */
/** @import { KeptAnswer } from "../history/keeping.js" */

/**
 * A row's content. `answered` and `cutout` come with the answer, `problem` where there is none.
 * @typedef {{name: string, answered?: AnsweredPhoto, cutout?: Blob, problem?: string, note?: string}} Entry
 * @typedef {{entry: Entry, row: HTMLElement, url: string | null, place: number}} Line
 */

const template = Parts.byId("photo-row-template", HTMLTemplateElement);

/**
 * @param {HTMLElement} section that holds a table as `_photo_table.html` makes it
 * @param {{open: (key: number) => void}} callbacks
 */
export function of(section, { open }) {
  const body = Parts.within(section, "tbody", HTMLElement);
  const pairButton = Parts.within(section, "[data-does=pair]", HTMLButtonElement);
  /** @type {Map<number, Line>} */
  const lines = new Map();
  let sortedBy = "";
  let isDescending = false;

  section.addEventListener("click", (event) => {
    const button = Parts.buttonOf(event);
    const key = Number(button?.closest("tr")?.dataset.key);
    if (button?.dataset.sort) sort(button.dataset.sort);
    else if (button?.dataset.does === "open") open(key);
  });
  section.addEventListener("change", tellPair);
  pairButton.addEventListener("click", () => {
    if (pairButton.getAttribute("aria-disabled") !== "true") Pair.show(selected());
  });

  /** @param {number} key  @param {Entry} entry takes the place of what was there under that key */
  function put(key, entry) {
    const old = lines.get(key);
    const row = old?.row ?? Parts.copyOf(template, "tr");
    if (old?.url) URL.revokeObjectURL(old.url);
    const url = entry.cutout ? URL.createObjectURL(entry.cutout) : null;
    fill(row, entry, url);
    row.dataset.key = String(key);
    lines.set(key, { entry, row, url, place: old?.place ?? lines.size });
    if (old) tellPair();
    else body.append(row); // nothing in it is ticked
  }

  function clear() {
    for (const { url } of lines.values()) if (url) URL.revokeObjectURL(url);
    lines.clear();
    body.replaceChildren();
    sortedBy = "";
    tellSort();
    tellPair();
  }

  /** @param {string} column */
  function sort(column) {
    isDescending = column === sortedBy ? !isDescending : column !== "name" && column !== "kind"; // shares: highest first
    sortedBy = column;
    const sign = isDescending ? -1 : 1;
    const sorted = [...lines.values()].sort((a, b) => {
      if (!a.entry.answered || !b.entry.answered) return Number(!a.entry.answered) - Number(!b.entry.answered);
      return sign * compare(column, a.entry.answered, b.entry.answered) || a.place - b.place;
    });
    body.append(...sorted.map(({ row }) => row));
    tellSort();
  }

  function tellSort() {
    for (const button of section.querySelectorAll("[data-sort]")) {
      const heading = button.closest("th");
      if (!(button instanceof HTMLElement) || button.dataset.sort !== sortedBy) heading?.removeAttribute("aria-sort");
      else heading?.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
    }
  }

  function tellPair() {
    pairButton.setAttribute("aria-disabled", String(selected().length !== 2));
  }

  /** @returns {KeptAnswer[]} what is ticked, in the table's order of arrival */
  function selected() {
    return [...lines.values()]
      .filter(({ row }) => Parts.within(row, "input", HTMLInputElement).checked)
      .flatMap(({ entry: { answered, cutout } }) => (answered && cutout ? [{ answered, cutout }] : []));
  }

  /** @returns {AnsweredPhoto[]} */
  function answered() {
    return [...lines.values()].flatMap(({ entry }) => (entry.answered ? [entry.answered] : []));
  }

  /** @param {number | null} key of the row whose answer is on the page */
  function mark(key) {
    for (const [each, { row }] of lines) {
      const button = Parts.within(row, "[data-does=open]", HTMLButtonElement);
      if (each === key) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  /** @param {number} key */
  function get(key) {
    return lines.get(key)?.entry;
  }

  return Object.freeze({ put, get, clear, mark, answered, size: () => lines.size });
}

/** @param {HTMLElement} row  @param {Entry} entry  @param {string | null} url of the cut-out */
function fill(row, { name, answered, problem, note = "" }, url) {
  const cell = (/** @type {string} */ column) => Parts.within(row, `[data-column=${column}]`, HTMLElement);
  const open = Parts.within(row, "[data-does=open]", HTMLButtonElement);
  const image = Parts.within(row, "img", HTMLImageElement);
  const tick = Parts.within(row, "input", HTMLInputElement);
  Parts.within(row, ".photo-row__name", HTMLElement).textContent = Words.visible(name);
  Parts.within(row, ".photo-row__note", HTMLElement).textContent = note;
  tick.setAttribute("aria-label", Words.say("table.tick", { file: Words.visible(name) }));
  open.disabled = tick.disabled = !answered;
  image.hidden = url === null;
  if (url) image.src = url;
  const kind = Parts.within(row, "[data-column=kind]", HTMLTableCellElement);
  kind.colSpan = answered ? 1 : 3;
  cell("probability").hidden = cell("together").hidden = !answered;
  if (!answered) {
    kind.textContent = problem ?? Words.say("table.waiting");
    return;
  }
  kind.textContent = DecisionWords.inWords(answered);
  cell("probability").textContent = shareText(highest(answered));
  cell("together").textContent = shareText(together(answered));
}

/** The numbers of what is no lesion mean nothing. @param {number} share below 0 there */
function shareText(share) {
  return share < 0 ? "–" : Words.percent(share);
}

/** @param {AnsweredPhoto} answered */
function highest({ judgement, probabilities }) {
  return judgement.verdict === "not-a-lesion" ? -1 : Math.max(...probabilities);
}

/** @param {AnsweredPhoto} answered */
function together({ judgement }) {
  return judgement.verdict === "not-a-lesion" ? -1 : judgement.malignant.probability;
}

/** @param {string} column  @param {AnsweredPhoto} a  @param {AnsweredPhoto} b */
function compare(column, a, b) {
  if (column === "kind") return DecisionWords.inWords(a).localeCompare(DecisionWords.inWords(b));
  if (column === "probability") return highest(a) - highest(b);
  if (column === "together") return together(a) - together(b);
  if (column === "date") return a.answeredAt < b.answeredAt ? -1 : 1;
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

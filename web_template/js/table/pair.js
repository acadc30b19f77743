/** Two photos of one spot side by side, so that a change shows. */

import * as Parts from "../page/parts.js";
import * as View from "../page/view.js";
import * as Words from "../page/words.js";
import * as DecisionWords from "./decision_words.js";
/** @import { KeptAnswer } from "../history/keeping.js" */

const section = Parts.byId("pair", HTMLElement);
const title = Parts.byId("pair-title", HTMLElement);
const head = Parts.byId("pair-head", HTMLElement);
const body = Parts.byId("pair-body", HTMLElement);
const close = Parts.byId("pair-close", HTMLButtonElement);

/** @type {string[]} */
let urls = [];
/** What had the focus before. @type {Element | null} */
let before = null;

close.addEventListener("click", () => {
  hide();
  if (before instanceof HTMLElement) before.focus();
});

/** @param {KeptAnswer[]} two */
export function show(two) {
  before = document.activeElement;
  forget();
  head.replaceChildren(document.createElement("td"), ...two.map(column));
  body.replaceChildren(
    line(Words.say("pair.answer"), two.map(({ answered }) => DecisionWords.inWords(answered))),
    ...View.codes.map((code, index) => line(Words.say(`kind.${code}.name`), two.map(({ answered }) => Words.percent(answered.probabilities[index] ?? NaN)))),
    line(Words.say("pair.together"), two.map(({ answered }) => Words.percent(answered.judgement.malignant.probability))),
  );
  section.hidden = false;
  title.focus();
  section.scrollIntoView({ block: "start" });
}

/** @param {KeptAnswer} kept */
function column({ answered, cutout }) {
  const cell = document.createElement("th");
  const image = document.createElement("img");
  const url = URL.createObjectURL(cutout);
  urls.push(url);
  cell.scope = "col";
  cell.setAttribute("role", "columnheader");
  image.className = "pair__photo";
  image.src = url;
  image.alt = "";
  const date = Words.time(answered.answeredAt);
  cell.append(image, Parts.paragraph(Words.visible(answered.name), "pair__name"), Parts.paragraph(Words.say("pair.date", { date }), "pair__date"));
  return cell;
}

/** @param {string} heading  @param {string[]} texts */
function line(heading, texts) {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  const first = Parts.cell("th", heading);
  first.setAttribute("scope", "row");
  first.setAttribute("role", "rowheader");
  row.append(first, ...texts.map(cell));
  return row;
}

/** @param {string} text */
function cell(text) {
  const element = Parts.cell("td", text);
  element.setAttribute("role", "cell");
  return element;
}

export function hide() {
  section.hidden = true;
  forget();
}

function forget() {
  for (const url of urls) URL.revokeObjectURL(url);
  urls = [];
}

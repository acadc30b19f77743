/** One answer on the page: what the photo looks most like, how sure that is, and what to do now. */

import * as Parts from "../page/parts.js";
import * as Words from "../page/words.js";
/** @import { Card, LesionClass } from "../network/cards.js" */
/** @import { AnsweredPhoto } from "./answering.js" */
/** @import { PhotoDecision, QualityCode } from "./decision.js" */

const part = Parts.byId("answer", HTMLElement);
const top = Parts.byId("answer-top", HTMLElement);
const lead = Parts.byId("answer-lead", HTMLElement);
const name = Parts.byId("answer-name", HTMLElement);
const plain = Parts.byId("answer-plain", HTMLElement);
const explanation = Parts.byId("answer-explanation", HTMLElement);
const hints = Parts.byId("quality", HTMLElement);
const numbers = Parts.byId("numbers", HTMLElement);
const kinds = Parts.byId("kinds", HTMLElement);
const kindTemplate = Parts.byId("kind-template", HTMLTemplateElement);
const showNumbers = Parts.byId("show-numbers", HTMLButtonElement);
const sure = Parts.byId("sure", HTMLElement);
const sureText = Parts.byId("sure-text", HTMLElement);
const together = Parts.byId("answer-together", HTMLElement);
const alarm = Parts.byId("alarm", HTMLElement);
const point = Parts.byId("alarm-point", HTMLElement);

showNumbers.addEventListener("click", () => openNumbers(true));

/**
 * @param {AnsweredPhoto} answered
 * @param {Card} card
 * @returns {string} the answer in a sentence or two, for those who listen
 */
export function show({ probabilities, judgement }, card) {
  const sorted = card.classes
    .map((lesionClass) => ({ lesionClass, probability: probabilities[lesionClass.index] ?? NaN }))
    .sort((a, b) => b.probability - a.probability);
  const best = sorted[0];
  if (!best) throw new Error("an answer needs at least one class");
  const said = headline(judgement, best.lesionClass.code);
  part.dataset.verdict = judgement.verdict;
  lead.textContent = said.lead;
  name.textContent = said.name;
  plain.textContent = said.plain;
  explanation.textContent = said.explanation;
  explanation.hidden = said.explanation === "";
  hints.replaceChildren(...judgement.quality.map((code) => hint(code)));
  hints.hidden = judgement.quality.length === 0;
  kinds.replaceChildren(...sorted.map(kindRow));
  openNumbers(judgement.verdict !== "not-a-lesion");
  sure.hidden = judgement.verdict === "not-a-lesion";
  sureText.textContent = surenessText(judgement);
  const sum = showTogether(judgement, card);
  showAbout(judgement.verdict === "answer" ? best.lesionClass.code : null, judgement.malignant.isAbove);
  const spoken = [said.lead, `${said.name}${said.plain}`, said.explanation].filter((text) => text !== "");
  if (judgement.verdict === "not-a-lesion") return spoken.join(" ");
  return Words.say("answer.aloud", { answer: spoken.join(" "), percent: Words.percent(best.probability), together: sum });
}

/** No photo, no answer. */
export function clear() {
  kinds.replaceChildren();
}

/**
 * What stands on top, by verdict: not sure and not a lesion are answers like any other.
 * @param {PhotoDecision} decision  @param {string} code of the likeliest class
 */
function headline({ verdict }, code) {
  const values = { name: Words.say(`kind.${code}.inline`), plain: Words.say(`kind.${code}.plain`) };
  if (verdict === "not-a-lesion") {
    return { lead: "", name: Words.say("answer.not-a-lesion"), plain: "", explanation: Words.say("answer.not-a-lesion-text") };
  }
  if (verdict === "not-sure") {
    return { lead: "", name: Words.say("answer.not-sure"), plain: "", explanation: Words.say("answer.not-sure-text", values) };
  }
  return { lead: Words.say("answer.lead"), name: Words.say("answer.name", { name: values.name }), plain: values.plain, explanation: "" };
}

/** @param {QualityCode} code */
function hint(code) {
  const item = document.createElement("li");
  item.textContent = Words.say(`quality.${code}`);
  return item;
}

/** The numbers of what is no lesion mean nothing; whoever wants them opens them. @param {boolean} isOpen */
function openNumbers(isOpen) {
  if (isOpen && document.activeElement === showNumbers) top.focus(); // the button vanishes
  numbers.hidden = !isOpen;
  showNumbers.hidden = isOpen;
}

/** @param {PhotoDecision} decision */
function surenessText({ sureness, rightOf100 }) {
  const level = Words.say(`sure.${sureness}`);
  return rightOf100 === null ? level : Words.say("sure.of-100", { level, right: rightOf100 });
}

/** @param {PhotoDecision} decision  @param {Card} card  @returns {string} the sum in words */
function showTogether({ verdict, malignant }, card) {
  const count = card.classes.filter(({ is_malignant }) => is_malignant).length;
  const sum = Words.say("answer.together", { count: Words.inWords(count), percent: Words.percent(malignant.probability) });
  const { threshold, sensitivity, specificity, isAbove } = malignant;
  together.textContent = sum;
  alarm.hidden = verdict === "not-a-lesion";
  alarm.classList.toggle("alarm--above", isAbove);
  const where = Words.say(isAbove ? "alarm.above" : "alarm.below", { threshold: Words.percent(threshold) });
  const measured =
    sensitivity === null || specificity === null
      ? Words.say("alarm.not-measured")
      : Words.say("alarm.measured", { found: Math.round(100 * sensitivity), spared: Math.round(100 * specificity) });
  const doctor = isAbove ? ` ${Words.say("alarm.doctor")}` : "";
  point.textContent = `${where}${doctor} ${measured}`;
  return sum;
}

/**
 * Open what the page says about one kind; its texts stand in the page.
 * @param {string | null} code
 * @param {boolean} isAlarmed the page has just said to see a doctor: that there is no hurry must not follow
 */
function showAbout(code, isAlarmed) {
  for (const about of part.querySelectorAll("[data-about]")) {
    if (about instanceof HTMLElement) about.hidden = about.dataset.about !== code;
  }
  for (const calming of part.querySelectorAll("[data-calms]")) {
    if (calming instanceof HTMLElement) calming.hidden = isAlarmed;
  }
}

/** @param {{lesionClass: LesionClass, probability: number}} answer */
function kindRow({ lesionClass: { code, is_malignant }, probability }) {
  const row = Parts.copyOf(kindTemplate, ".kind");
  row.dataset.code = code;
  row.dataset.probability = String(probability);
  row.classList.toggle("kind--malignant", is_malignant);
  const texts = {
    ".kind__name": Words.say(`kind.${code}.name`),
    ".kind__percent": Words.percent(probability),
    ".kind__plain": Words.say(`kind.${code}.plain`),
    ".group__word": Words.say("answer.group", { group: Words.say(`kind.${code}.group`) }),
  };
  for (const [selector, text] of Object.entries(texts)) Parts.within(row, selector, HTMLElement).textContent = text;
  Parts.within(row, ".kind__bar", HTMLElement).style.setProperty("--share", `${probability * 100}%`);
  Parts.within(row, "use", SVGElement).setAttribute("href", is_malignant ? "#shape-malignant" : "#shape-benign");
  return row;
}

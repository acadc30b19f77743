/** Whether an answer that was kept is whole: what another version or a damaged disk has left is not shown as an answer. */

import * as Cards from "../network/cards.js";
/** @import { LesionClass } from "../network/cards.js" */
/** @import { KeptAnswer } from "./keeping.js" */

const VERDICTS = ["answer", "not-sure", "not-a-lesion"];
const QUALITIES = ["blurred", "dark", "bright", "glare", "small"];
const SLACK = 0.001; // probabilities are 32-bit numbers

/** @param {any} record  @param {readonly LesionClass[]} classes of which the site tells  @returns {record is KeptAnswer} */
export function isWhole(record, classes) {
  try {
    const { answered, cutout } = record;
    return cutout instanceof Blob && cutout.size > 0 && isAnswer(answered, classes) && isJudgement(answered.judgement);
  } catch {
    return false; // a part of it is not even an object
  }
}

/** @param {any} answered  @param {readonly LesionClass[]} classes */
function isAnswer({ name, quarters, frame, probabilities, scope, likeliest, judgement, network, answeredAt }, classes) {
  const isFramed = Number.isInteger(quarters) && [frame.x, frame.y, frame.width, frame.height].every(Number.isFinite);
  const areShares = Array.isArray(probabilities) && probabilities.length === classes.length && probabilities.every(isShare);
  if (!areShares || !isFramed || !Number.isFinite(scope)) return false;
  const sum = probabilities.reduce((total, value) => total + value, 0);
  const together = classes.reduce((total, { index, is_malignant }) => total + Number(is_malignant) * probabilities[index], 0);
  const highest = probabilities.indexOf(Math.max(...probabilities));
  return (
    Math.abs(sum - 1) <= SLACK &&
    classes[highest]?.code === likeliest &&
    Math.abs(together - judgement.malignant.probability) <= SLACK &&
    [name, network.name, network.version].every((text) => typeof text === "string") &&
    !Number.isNaN(Date.parse(answeredAt))
  );
}

/** @param {any} judgement */
function isJudgement({ verdict, sureness, rightOf100, malignant, quality }) {
  const { probability, threshold, isAbove, sensitivity, specificity } = malignant;
  return (
    VERDICTS.includes(verdict) &&
    Cards.LEVELS.includes(sureness) &&
    (rightOf100 === null || (Number.isInteger(rightOf100) && isShare(rightOf100 / 100))) &&
    isShare(threshold) &&
    isAbove === probability >= threshold &&
    [sensitivity, specificity].every((share) => share === null || isShare(share)) &&
    Array.isArray(quality) &&
    quality.every((code) => QUALITIES.includes(code))
  );
}

/** @param {unknown} value */
function isShare(value) {
  return typeof value === "number" && value >= 0 && value <= 1;
}

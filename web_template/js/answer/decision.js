/**
 * What may be said of an answer: from the network's numbers and the limits in its card to codes; the words are elsewhere.
 * The same rules as builder/predict/decision.py.
 */

/** @import { Card, QualityLimits, SurenessLevel } from "../network/cards.js" */
/** @import { QualityMeasures } from "../photo/quality.js" */

/** blurred: "hold still"; dark: "more light"; bright, glare: "less light"; small: "closer". @typedef {"blurred" | "dark" | "bright" | "glare" | "small"} QualityCode */
/**
 * @typedef {object} PhotoDecision
 * @property {"answer" | "not-sure" | "not-a-lesion"} verdict
 * @property {SurenessLevel["level"]} sureness
 * @property {number | null} rightOf100 of 100 test photos with such an answer, how many were named right
 * @property {MalignantTogether} malignant
 * @property {readonly QualityCode[]} quality
 */
/**
 * threshold: of the network that was asked; a kept answer may be that of an older one.
 * @typedef {{readonly probability: number, readonly threshold: number, readonly isAbove: boolean, readonly sensitivity: number | null, readonly specificity: number | null}} MalignantTogether
 */

/**
 * @param {{probabilities: ArrayLike<number>, scope: number, quality: QualityMeasures}} measured
 * @param {Pick<Card, "classes" | "judgement">} card
 * @returns {PhotoDecision}
 */
export function of({ probabilities, scope, quality }, card) {
  const { operating_point: point, sureness: levels, scope: limits } = card.judgement;
  const highest = Math.max(...Array.from(probabilities));
  const level = levels.find(({ from }) => highest >= from);
  if (!level) throw new Error(`no level of sureness holds a probability of ${highest}`);
  const sum = card.classes.reduce((total, { index, is_malignant }) => total + (is_malignant ? (probabilities[index] ?? NaN) : 0), 0);
  return Object.freeze({
    verdict: verdictOf(scope, limits.threshold, level.level),
    sureness: level.level,
    rightOf100: level.right_of_100,
    malignant: Object.freeze({
      probability: sum,
      threshold: point.threshold,
      isAbove: sum >= point.threshold,
      sensitivity: point.sensitivity,
      specificity: point.specificity,
    }),
    quality: qualityOf(quality, card.judgement.quality),
  });
}

/**
 * What is no lesion photo is so before any class. Written so that NaN is none either.
 * @param {number} scope
 * @param {number} threshold
 * @param {string} sureness
 * @returns {PhotoDecision["verdict"]}
 */
function verdictOf(scope, threshold, sureness) {
  if (!(scope <= threshold)) return "not-a-lesion";
  return sureness === "not-sure" ? "not-sure" : "answer";
}

/**
 * What could be better about the photo, worst first.
 * @param {QualityMeasures} measured
 * @param {QualityLimits} limits
 * @returns {QualityCode[]}
 */
export function qualityOf(measured, limits) {
  /** @type {[QualityCode, boolean][]} */
  const found = [
    ["blurred", measured.sharpness < limits.lowest_sharpness],
    ["dark", measured.brightness < limits.lowest_brightness],
    ["bright", measured.brightness > limits.highest_brightness],
    ["glare", measured.white_share > limits.highest_white_share],
    ["small", measured.across_px < limits.lowest_across_px],
  ];
  return found.filter(([, isSo]) => isSo).map(([code]) => code);
}

"use strict";
/**
 * What may be said of an answer: from the network's numbers and the limits in its card to codes; the words are elsewhere.
 * The same rules as builder/predict/decision.py.
 */
const Judgement = (() => {
  /**
   * @param {{probabilities: ArrayLike<number>, scope: number, quality: QualityMeasures}} measured
   * @param {Pick<Card, "classes" | "judgement">} card
   * @returns {JudgementOfPhoto}
   */
  function of({ probabilities, scope, quality }, card) {
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
   * @returns {JudgementOfPhoto["verdict"]}
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
  function qualityOf(measured, limits) {
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

  return Object.freeze({ of, qualityOf });
})();

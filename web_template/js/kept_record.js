"use strict";
/** Whether an answer that was kept is whole: what another version or a damaged disk has left is not shown as an answer. */
const KeptRecord = (() => {
  const VERDICTS = ["answer", "not-sure", "not-a-lesion"];
  const LEVELS = ["sure", "fairly-sure", "not-sure"];
  const QUALITIES = ["blurred", "dark", "bright", "glare", "small"];
  const SLACK = 0.001; // probabilities are 32-bit numbers

  /** @param {any} record  @returns {record is KeptAnswer} */
  function isWhole(record) {
    try {
      const { answered, cutout } = record;
      return cutout instanceof Blob && cutout.size > 0 && isAnswer(answered) && isJudgement(answered.judgement);
    } catch {
      return false; // a part of it is not even an object
    }
  }

  /** @param {any} answered */
  function isAnswer({ name, quarters, frame, probabilities, scope, likeliest, judgement, network, answeredAt }) {
    const { codes } = View;
    const isFramed = Number.isInteger(quarters) && [frame.x, frame.y, frame.width, frame.height].every(Number.isFinite);
    const areShares = Array.isArray(probabilities) && probabilities.length === codes.length && probabilities.every(isShare);
    if (!areShares || !isFramed || !Number.isFinite(scope)) return false;
    const sum = probabilities.reduce((total, value) => total + value, 0);
    const together = (Bytes.site?.classes ?? []).reduce((total, { index, is_malignant }) => total + Number(is_malignant) * probabilities[index], 0);
    const highest = probabilities.indexOf(Math.max(...probabilities));
    return (
      Math.abs(sum - 1) <= SLACK &&
      codes[highest] === likeliest &&
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
      LEVELS.includes(sureness) &&
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

  return Object.freeze({ isWhole });
})();

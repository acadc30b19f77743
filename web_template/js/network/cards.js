/**
 * Whether a network's card is sound: every key, type, range and count. A card that lacks a threshold, or tests nothing,
 * would answer all the same, and wrongly. The build refuses the same cards: see builder/export/card.py.
 */

import * as Base64 from "../site/base64.js";

/** @typedef {{readonly width_px: number, readonly height_px: number}} SizePx */
/** A file of a network, and what its content must be. @typedef {{readonly path: string, readonly bytes: number, readonly sha256: string}} CardFile */
/** @typedef {{readonly index: number, readonly code: string, readonly name: string, readonly plain: string, readonly group: string, readonly is_malignant: boolean}} LesionClass */
/**
 * Photos (RGB bytes in base64) and what Keras answers to them: a backend is trusted if it answers the same.
 * @typedef {object} SelfTest
 * @property {number} tolerance
 * @property {number} scope_tolerance
 * @property {readonly {readonly pixels: string, readonly probabilities: readonly number[], readonly scope: number}[]} vectors
 */
/**
 * From the surest level down, the last from 0: `from` is the highest probability's lower end.
 * @typedef {{readonly level: "sure" | "fairly-sure" | "not-sure", readonly from: number, readonly right_of_100: number | null}} SurenessLevel
 */
/**
 * How unlike the training photos a photo may be, and all that scope.js needs to measure it. Texts: 32-bit numbers, base64.
 * @typedef {object} OodLimits
 * @property {number} threshold
 * @property {readonly string[]} layers
 * @property {readonly number[]} cell_px
 * @property {number} reach
 * @property {number} level
 * @property {string} mean
 * @property {string} scale
 * @property {string} root
 * @property {{readonly mean: number, readonly scale: number}} structure
 * @property {number} distance_limit
 * @property {number} emptiness_limit
 */
/**
 * @typedef {object} QualityLimits
 * @property {number} lowest_sharpness
 * @property {number} lowest_brightness
 * @property {number} highest_brightness
 * @property {number} highest_white_share
 * @property {number} lowest_across_px
 */
/**
 * Fitted by the build on photos that were neither trained on nor tested with. operating_point: where the malignant
 * classes' sum counts as suspicious; what that finds and spares, 0-1, measured on the test part.
 * @typedef {object} JudgementLimits
 * @property {{readonly threshold: number, readonly sensitivity: number | null, readonly specificity: number | null}} operating_point
 * @property {readonly SurenessLevel[]} sureness
 * @property {OodLimits} scope
 * @property {QualityLimits} quality
 */
/**
 * The layers that the heat map is made of, and where the cells of `features` lie in the network's input.
 * @typedef {{readonly features: string, readonly logits: string, readonly top_px: number, readonly left_px: number, readonly step_px: number}} Explanation
 */
/**
 * What the page knows about a network: `card.json`, written by the build.
 * @typedef {object} Card
 * @property {string} name
 * @property {SizePx} input what the network sees; its shape is that of any frame
 * @property {{readonly max_megapixels: number, readonly smallest_frame: SizePx}} photo_limits of every network alike, so that
 *   each can be asked about the same frame: what is smaller than an input is enlarged
 * @property {readonly LesionClass[]} classes
 * @property {readonly CardFile[]} files
 * @property {number} bytes
 * @property {string} version changes with any of the network's files
 * @property {JudgementLimits} judgement
 * @property {Explanation} explanation
 * @property {SelfTest} self_test
 */
/** @typedef {(value: any, path: string) => void} Check throws an Error that says what is wrong where */

// What a card must prove at least, whatever it says itself.
const FEWEST_VECTORS = 3;
const MOST_TOLERANCE = 0.001; // of a probability
const MOST_OOD_TOLERANCE = 0.01; // of what a lesion photo may have
const SUM_SLACK = 0.0001; // probabilities are 32-bit numbers
const MOST_DEVIATIONS = 10_000; // beyond, no picture is ever refused; those of good networks lie below 100
export const LEVELS = ["sure", "fairly-sure", "not-sure"];
const MODEL = "model.json";

/** @param {boolean} isSo  @param {string} path  @param {string} expected */
function must(isSo, path, expected) {
  if (!isSo) throw new Error(`${path || "it"} is not ${expected}`);
}

/** @param {Record<string, Check>} shape  @returns {Check} these keys and no others */
function keys(shape) {
  return (value, path) => {
    must(typeof value === "object" && value !== null && !Array.isArray(value), path, "an object");
    const names = Object.keys(shape);
    must(Object.keys(value).sort().join() === names.sort().join(), path, `an object with ${names.join(", ")}`);
    for (const name of names) shape[name]?.(value[name], `${path}.${name}`);
  };
}

/** @param {Check} check of each  @param {number} fewest  @returns {Check} */
function list(check, fewest = 1) {
  return (value, path) => {
    must(Array.isArray(value) && value.length >= fewest, path, `a list of at least ${fewest}`);
    for (const [i, each] of value.entries()) check(each, `${path}[${i}]`);
  };
}

/** @param {number} least  @param {number} most  @returns {Check} */
function number(least, most) {
  return (value, path) => must(Number.isFinite(value) && value >= least && value <= most, path, `a number from ${least} to ${most}`);
}

/** @param {number} least  @param {number} most  @returns {Check} */
function whole(least, most) {
  return (value, path) => must(Number.isInteger(value) && value >= least && value <= most, path, `a whole number from ${least} to ${most}`);
}

/** @param {RegExp} pattern  @returns {Check} */
function text(pattern) {
  return (value, path) => must(typeof value === "string" && pattern.test(value), path, `a text like ${pattern}`);
}

/** @param {Check} check  @returns {Check} */
function orNull(check) {
  return (value, path) => value === null || check(value, path);
}

const TINY = 1e-9; // for what must be above zero
const HUGE = 1e9;
const finite = number(-HUGE, HUGE);
const positive = number(TINY, HUGE);
const share = number(0, 1);
const sha256 = text(/^[0-9a-f]{64}$/);
const layer = text(/^[\w./-]+$/);
const base64 = text(/^[A-Za-z0-9+/]+={0,2}$/);
const size = keys({ width_px: whole(1, 10_000), height_px: whole(1, 10_000) });

const shape = keys({
  name: text(/^[\w-]+$/),
  version: sha256,
  input: size,
  photo_limits: keys({ max_megapixels: whole(1, 1000), smallest_frame: size }),
  classes: list(
    keys({ index: whole(0, 999), code: text(/^\w+$/), name: text(/./), plain: text(/./), group: text(/./), is_malignant: boolean }),
    2,
  ),
  weights: text(/^(mixed|float32)$/),
  files: list(keys({ path: text(/^(model\.json|group1-shard\d+of\d+\.bin)$/), bytes: whole(1, HUGE), sha256 }), 2),
  bytes: whole(1, HUGE),
  judgement: keys({
    operating_point: keys({ threshold: share, sensitivity: orNull(share), specificity: orNull(share) }),
    sureness: list(keys({ level: text(/./), from: share, right_of_100: orNull(whole(0, 100)) })),
    scope: keys({
      threshold: number(TINY, 1), // 1 is where photos are like those of training no more
      layers: list(layer, 2),
      cell_px: list(whole(1, 1000), 2),
      reach: whole(1, 100),
      level: positive,
      mean: base64,
      scale: base64,
      root: base64,
      structure: keys({ mean: finite, scale: positive }),
      distance_limit: number(TINY, MOST_DEVIATIONS),
      emptiness_limit: number(TINY, MOST_DEVIATIONS),
    }),
    quality: keys({
      lowest_sharpness: number(0, HUGE),
      lowest_brightness: number(0, 255),
      highest_brightness: number(0, 255),
      highest_white_share: share,
      lowest_across_px: positive,
    }),
  }),
  explanation: keys({ features: layer, logits: layer, top_px: finite, left_px: finite, step_px: positive }),
  self_test: keys({
    tolerance: number(TINY, MOST_TOLERANCE),
    scope_tolerance: number(TINY, MOST_OOD_TOLERANCE),
    vectors: list(keys({ pixels: base64, probabilities: list(share, 2), scope: finite }), FEWEST_VECTORS),
  }),
});

/** @param {unknown} value  @param {string} path */
function boolean(value, path) {
  must(typeof value === "boolean", path, "true or false");
}

/**
 * What keeps a card from being used, in a technical sentence; null: nothing.
 * @param {unknown} card
 * @param {{name: string, classes?: readonly LesionClass[] | undefined}} known the network's name, and the site's classes where they are known
 * @returns {string | null}
 */
export function problem(card, known) {
  try {
    shape(card, "");
    checkTogether(/** @type {Card} */ (card), known);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What no key shows alone. @param {Card} card  @param {{name: string, classes?: readonly LesionClass[] | undefined}} known */
function checkTogether({ name, input, classes, files, bytes, judgement, self_test }, known) {
  must(name === known.name, "name", known.name);
  must(4 * input.height_px === 3 * input.width_px, "input", "4 : 3");
  must(classes.every(({ index }, i) => index === i), "classes", "in the order of the network's outputs");
  must(!known.classes || areAlike(classes, known.classes), "classes", "what this site knows");
  const shards = files.length - 1;
  must(files.every(({ path }, i) => path === (i ? `group1-shard${i}of${shards}.bin` : MODEL)), "files", `${MODEL} and its shards`);
  must(files.reduce((sum, file) => sum + file.bytes, 0) === bytes, "bytes", "the sum of the files'");
  checkSureness(judgement.sureness);
  checkOod(judgement.scope);
  must(judgement.quality.lowest_brightness < judgement.quality.highest_brightness, "quality", "dark before bright");
  for (const { pixels, probabilities } of self_test.vectors) {
    must(Base64.decode(pixels).length === input.width_px * input.height_px * 3, "vectors", "of the input's size");
    const sum = probabilities.reduce((total, value) => total + value, 0);
    must(probabilities.length === classes.length && Math.abs(sum - 1) <= SUM_SLACK, "vectors", "whole answers");
  }
  must(new Set(self_test.vectors.map(({ pixels }) => pixels)).size === self_test.vectors.length, "vectors", "unlike each other");
}

/** @param {readonly LesionClass[]} classes  @param {readonly LesionClass[]} others */
function areAlike(classes, others) {
  const told = (/** @type {readonly LesionClass[]} */ all) => JSON.stringify(all.map((kind) => Object.entries(kind).sort()));
  return told(classes) === told(others);
}

/** @param {readonly SurenessLevel[]} levels */
function checkSureness(levels) {
  const places = levels.map(({ level }) => LEVELS.indexOf(level));
  const isDescending = levels.every(({ from }, i) => i === 0 || from < (levels[i - 1]?.from ?? 0));
  must(places.every((place, i) => place > (places[i - 1] ?? -1)) && isDescending, "sureness", "from the surest down");
  const last = levels[levels.length - 1];
  must(last?.level === "not-sure" && last.from === 0, "sureness", "open below");
}

/** @param {OodLimits} scope */
function checkOod({ layers, cell_px, mean, scale, root }) {
  must(layers.length === cell_px.length, "cell_px", "one a layer");
  const [means, scales, roots] = [mean, scale, root].map((packed) => [...new Float32Array(Base64.decode(packed).buffer)]);
  const count = means?.length ?? 0;
  must(scales?.length === count && roots?.length === (count * (count + 1)) / 2, "scope", "of one size");
  must([...(means ?? []), ...(roots ?? [])].every(Number.isFinite), "scope", "made of numbers");
  must((scales ?? []).every((each) => each > 0 && Number.isFinite(each)), "scope", "above zero in its scale");
}

/** Guesses where in a photo the spot is: what differs in colour from the skin around the edge. */

import * as Crop from "./crop.js";
import * as Pixels from "./pixels.js";
/** @import { SizePx } from "../network/cards.js" */
/** @import { Picture } from "./photo.js" */
/** @import { Frame } from "./pixels.js" */

const LONG_SIDE_PX = 128; // the photo is looked at this small: a spot is a matter of its overall colour
const EDGE_SHARE = 0.08; // of the shorter side: the ring whose colour counts as skin
const DARK_LEVEL = 40; // the rim that a dermatoscope leaves, and the night around it, is neither skin nor spot
const LEAST_CONTRAST = 18; // levels between spot and skin; below, it is the skin's own mottling
const SMALLEST_SHARE = 0.002; // of the photo: less is a hair or a speck
const LARGEST_SHARE = 0.6; // more, and the skin was not around the spot
const MOST_EDGE_SHARE = 0.3; // of the edge that the spot may touch: more is a shadow or clothing
const ROOM_AROUND = 1.7; // frame to spot: HAM10000's photos leave about that much skin around

/**
 * @param {Pick<Picture, "width" | "height" | "read">} picture
 * @returns {Promise<Frame | null>} in pixels of the photo; null when unsure
 */
export async function find(picture) {
  const scale = Math.min(1, LONG_SIDE_PX / Math.max(picture.width, picture.height));
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const rgb = await Pixels.shrink(picture, { x: 0, y: 0, width: picture.width, height: picture.height }, width, height);
  const edge = edgeOf(width, height);
  const skin = medianColour(rgb, edge);
  if (!skin) return null;
  const far = blurred(distances(rgb, skin), width, height);
  const threshold = Math.max(LEAST_CONTRAST, otsu(far));
  const part = bestPart(far, width, height, threshold);
  if (!part || !isPlausible(part, edge, width * height)) return null;
  const [left, top, right, bottom] = part.box;
  return {
    x: (left / width) * picture.width,
    y: (top / height) * picture.height,
    width: ((right - left) / width) * picture.width,
    height: ((bottom - top) / height) * picture.height,
  };
}

/**
 * The frame around the spot, or the largest one in the middle where there is no telling.
 * @param {Picture} picture  @param {SizePx} smallest  @returns {Promise<{frame: Frame, isSure: boolean}>}
 */
export async function frame(picture, smallest) {
  const room = Crop.roomOf(picture, smallest);
  const spot = await find(picture);
  if (!spot) return { frame: Crop.largest(room), isSure: false };
  const width = ROOM_AROUND * Math.max(spot.width, (spot.height * smallest.width_px) / smallest.height_px);
  return { frame: Crop.around(room, spot.x + spot.width / 2, spot.y + spot.height / 2, width), isSure: true };
}

/** Places in the ring along the edge. @param {number} width  @param {number} height */
function edgeOf(width, height) {
  const depth = Math.max(1, Math.round(EDGE_SHARE * Math.min(width, height)));
  /** @type {number[]} */
  const places = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (Math.min(x, y, width - 1 - x, height - 1 - y) < depth) places.push(y * width + x);
    }
  }
  return places;
}

/** @param {Uint8Array} rgb  @param {number[]} places  @returns {number[] | null} null where all is dark */
function medianColour(rgb, places) {
  const lit = places.filter((place) => !isDark(rgb, place));
  if (lit.length < places.length / 10) return null;
  return [0, 1, 2].map((channel) => lit.map((place) => rgb[place * 3 + channel]).sort((a, b) => a - b)[lit.length >> 1]);
}

/** @param {Uint8Array} rgb  @param {number} place */
function isDark(rgb, place) {
  return Math.max(rgb[place * 3], rgb[place * 3 + 1], rgb[place * 3 + 2]) < DARK_LEVEL;
}

/** How far each place is from the skin's colour, in levels. @param {Uint8Array} rgb  @param {number[]} skin */
function distances(rgb, skin) {
  return Float32Array.from({ length: rgb.length / 3 }, (_, place) =>
    isDark(rgb, place) ? 0 : Math.hypot(...skin.map((level, channel) => rgb[place * 3 + channel] - level)) / Math.sqrt(3),
  );
}

/** Means over 5 x 5 places, so that single hairs drop out. @param {Float32Array} values  @param {number} width  @param {number} height */
function blurred(values, width, height) {
  const mean = (/** @type {Float32Array} */ from, /** @type {number} */ step, /** @type {(place: number) => [number, number]} */ along) =>
    from.map((_, place) => {
      const [at, length] = along(place);
      let sum = 0;
      let count = 0;
      for (let i = Math.max(-2, -at); i <= Math.min(2, length - 1 - at); i++, count++) sum += from[place + i * step];
      return sum / count;
    });
  const across = mean(values, 1, (place) => [place % width, width]);
  return mean(across, width, (place) => [Math.floor(place / width), height]);
}

/** The level that parts values best into two groups (Otsu 1979). @param {Float32Array} values */
function otsu(values) {
  const counts = new Float64Array(256);
  for (const value of values) counts[Math.min(255, Math.round(value))] += 1;
  const total = counts.reduce((sum, count, level) => sum + count * level, 0);
  let below = 0;
  let sumBelow = 0;
  let best = { level: 0, parting: -1 };
  counts.forEach((count, level) => {
    below += count;
    sumBelow += count * level;
    const above = values.length - below;
    if (below === 0 || above === 0) return;
    const parting = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2;
    if (parting > best.parting) best = { level, parting };
  });
  return best.level;
}

/**
 * The connected part that stands out most; nearness to the middle counts, as people aim at what they mean.
 * @param {Float32Array} far  @param {number} width  @param {number} height  @param {number} threshold
 * @returns {{places: number[], box: [number, number, number, number]} | null}
 */
function bestPart(far, width, height, threshold) {
  const isSeen = new Uint8Array(far.length);
  let best = null;
  let bestWeight = 0;
  for (let start = 0; start < far.length; start++) {
    if (isSeen[start] || far[start] < threshold) continue;
    const part = partFrom(start, far, width, threshold, isSeen);
    const weight = part.places.reduce((sum, place) => {
      const x = (place % width) / width - 0.5;
      const y = Math.floor(place / width) / height - 0.5;
      return sum + far[place] * (1 - x * x - y * y);
    }, 0);
    if (weight > bestWeight) [best, bestWeight] = [part, weight];
  }
  return best;
}

/**
 * @param {number} start  @param {Float32Array} far  @param {number} width  @param {number} threshold  @param {Uint8Array} isSeen
 * @returns {{places: number[], box: [number, number, number, number]}}
 */
function partFrom(start, far, width, threshold, isSeen) {
  const places = [start];
  isSeen[start] = 1;
  /** @type {[number, number, number, number]} */
  const box = [Infinity, Infinity, 0, 0];
  for (const place of places) {
    const x = place % width;
    const y = Math.floor(place / width);
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x + 1);
    box[3] = Math.max(box[3], y + 1);
    for (const next of [x > 0 ? place - 1 : -1, x < width - 1 ? place + 1 : -1, place - width, place + width]) {
      if (next < 0 || next >= far.length || isSeen[next] || far[next] < threshold) continue;
      isSeen[next] = 1;
      places.push(next);
    }
  }
  return { places, box };
}

/** @param {{places: number[]}} part  @param {number[]} edge  @param {number} total */
function isPlausible({ places }, edge, total) {
  const isInPart = new Set(places);
  const touched = edge.filter((place) => isInPart.has(place)).length;
  const share = places.length / total;
  return share >= SMALLEST_SHARE && share <= LARGEST_SHARE && touched <= MOST_EDGE_SHARE * edge.length;
}

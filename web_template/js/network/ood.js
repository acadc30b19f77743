/** How unlike the training photos a photo is; the same arithmetic as builder/predict/ood_detector.py. */

import * as Base64 from "../site/base64.js";
/** @import { OodLimits } from "./cards.js" */

/** A layer's output averaged over cells: rows, columns, channels last. @typedef {{readonly values: Float32Array, readonly rows: number, readonly columns: number}} Cells */

/**
 * @param {readonly Cells[]} cells what the network's first layers make of the photo; structure is seen by the first
 * @param {OodLimits} limits
 * @returns {number} above `limits.threshold` it does not look like a lesion photo
 */
export function of(cells, limits) {
  const features = cells.slice(1).flatMap((layer) => featuresOf(layer, limits));
  const relief = reliefOf(cells[0], limits);
  const structure = relief.reduce((sum, value) => sum + value, 0) / relief.length;
  const emptiness = (limits.structure.mean - structure) / limits.structure.scale;
  return Math.max(distance(features, limits) / limits.distance_limit, emptiness / limits.emptiness_limit);
}

/**
 * Of every channel: mean, spread and relief, as logarithms, in this order.
 * @param {Cells} cells
 * @param {OodLimits} limits
 */
function featuresOf({ values, rows, columns }, limits) {
  const count = rows * columns;
  const channels = values.length / count;
  const means = new Array(channels).fill(0);
  const spreads = new Array(channels).fill(0);
  for (let i = 0; i < values.length; i++) means[i % channels] += values[i] / count;
  for (let i = 0; i < values.length; i++) spreads[i % channels] += (values[i] - means[i % channels]) ** 2 / count;
  const logarithm = (/** @type {number} */ value) => Math.log(value + limits.level);
  return [...means.map(logarithm), ...spreads.map((square) => logarithm(Math.sqrt(square))), ...reliefOf({ values, rows, columns }, limits)];
}

/**
 * Of every channel how much cells differ from those around them, root mean square, as a logarithm.
 * @param {Cells} cells
 * @param {OodLimits} limits
 * @returns {number[]}
 */
function reliefOf({ values, rows, columns }, { reach, level }) {
  const channels = values.length / (rows * columns);
  const across = reach * channels;
  const down = reach * columns * channels;
  const squares = new Array(channels).fill(0);
  for (let row = reach; row < rows - reach; row++) {
    for (let i = row * columns * channels + across; i < (row + 1) * columns * channels - across; i++) {
      const around = values[i - down] + values[i + down] + values[i - across] + values[i + across];
      squares[i % channels] += (4 * values[i] - around) ** 2;
    }
  }
  const count = (rows - 2 * reach) * (columns - 2 * reach);
  return squares.map((square) => Math.log(Math.sqrt(square / count) + level));
}

/**
 * Mahalanobis' distance: the length of the scaled features times the lower triangle, which lies row by row.
 * @param {number[]} features
 * @param {OodLimits} limits
 */
function distance(features, limits) {
  const [mean, scale, root] = [limits.mean, limits.scale, limits.root].map(numbers);
  const product = new Float64Array(features.length);
  let at = 0;
  features.forEach((feature, row) => {
    const scaled = (feature - mean[row]) / scale[row];
    for (let column = 0; column <= row; column++) product[column] += scaled * root[at++];
  });
  return Math.sqrt(product.reduce((sum, value) => sum + value * value, 0));
}

/** @type {Map<string, Float32Array>} */
const unpacked = new Map();

/** Numbers of 32 bits in base64, unpacked once. @param {string} base64 @returns {Float32Array} */
function numbers(base64) {
  let found = unpacked.get(base64);
  if (!found) {
    found = new Float32Array(Base64.decode(base64).buffer);
    unpacked.set(base64, found);
  }
  return found;
}

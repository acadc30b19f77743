/** From a picture to the pixels the network sees; the same arithmetic as builder/photo/preprocess.py. */

/** @import { Picture } from "./photo.js" */

/** A part of a photo, in pixels of the upright photo; edges may be fractions. @typedef {{x: number, y: number, width: number, height: number}} Frame */

const TIE = 1e-6; // levels: a mean this close below a half rounds up, as in Python, whatever the order of summing
// Read in one go: 1 MB, some 5 ms. The page hears the visitor in between; iPhones refuse canvases above 16.7 megapixels.
const STRIP_PIXELS = 250_000;

/**
 * The largest frame of the network's shape in the middle of a photo.
 * @param {number} width of the photo
 * @param {number} height of the photo
 * @param {number} [widthPx] of the network's input; only its shape counts, which is 4:3
 * @param {number} [heightPx]
 * @returns {Frame}
 */
export function centredFrame(width, height, widthPx = 4, heightPx = 3) {
  if (width * heightPx > height * widthPx) {
    const frameWidth = (height * widthPx) / heightPx;
    return { x: (width - frameWidth) / 2, y: 0, width: frameWidth, height };
  }
  const frameHeight = (width * heightPx) / widthPx;
  return { x: 0, y: (height - frameHeight) / 2, width, height: frameHeight };
}

/**
 * Averages the photo's area under each output pixel, fractions counted; in steps, between which the page goes on.
 * @param {Pick<Picture, "width" | "height" | "read">} picture
 * @param {Frame} frame inside the picture
 * @param {number} widthPx
 * @param {number} heightPx
 * @returns {Promise<Uint8Array>} RGB, row by row: heightPx x widthPx x 3
 */
export async function shrink(picture, frame, widthPx, heightPx) {
  const rows = spans(frame.y, frame.height, heightPx, picture.height);
  const columns = spans(frame.x, frame.width, widthPx, picture.width);
  const left = columns[0].first;
  const width = columns[widthPx - 1].first + columns[widthPx - 1].weights.length - left;
  const output = new Uint8Array(heightPx * widthPx * 3);
  const sums = new Float64Array(width * 3); // one output row, not yet narrowed
  for (const { from, to } of strips(rows, width)) {
    const top = rows[from].first;
    const bottom = rows[to - 1].first + rows[to - 1].weights.length;
    const rgba = picture.read(left, top, width, bottom - top);
    for (let row = from; row < to; row++) {
      sums.fill(0);
      rows[row].weights.forEach((weight, i) => addRow(sums, rgba, (rows[row].first - top + i) * width * 4, weight));
      narrow(sums, columns, left, output.subarray(row * widthPx * 3));
    }
    await nextTask();
  }
  return output;
}

/** Lets the page paint and hear the visitor. (A timer would wait for 4 ms, and for a second in a hidden page.) */
function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(undefined);
  });
}

/**
 * For each of `count` equal parts of a stretch: its first input pixel, and the share of every pixel it covers.
 * @param {number} start
 * @param {number} length
 * @param {number} count
 * @param {number} limit pixels there are
 * @returns {{first: number, weights: Float64Array}[]}
 */
function spans(start, length, count, limit) {
  const step = length / count;
  return Array.from({ length: count }, (_, part) => {
    const low = start + part * step;
    const high = start + (part + 1) * step;
    const first = Math.floor(low);
    const weights = new Float64Array(Math.min(Math.ceil(high), limit) - first);
    for (let i = 0; i < weights.length; i++) {
      weights[i] = (Math.min(first + i + 1, high) - Math.max(first + i, low)) / step;
    }
    return { first, weights };
  });
}

/**
 * Groups output rows so that what they cover is read in strips of bounded size.
 * @param {{first: number, weights: Float64Array}[]} rows
 * @param {number} width
 */
function* strips(rows, width) {
  for (let from = 0, to = 1; from < rows.length; from = to++) {
    const end = (/** @type {number} */ row) => rows[row].first + rows[row].weights.length;
    while (to < rows.length && (end(to) - rows[from].first) * width <= STRIP_PIXELS) to++;
    yield { from, to };
  }
}

/**
 * @param {Float64Array} sums
 * @param {Uint8ClampedArray} rgba
 * @param {number} offset of the row in rgba
 * @param {number} weight
 */
function addRow(sums, rgba, offset, weight) {
  for (let i = 0, j = offset; i < sums.length; i += 3, j += 4) {
    sums[i] += weight * rgba[j];
    sums[i + 1] += weight * rgba[j + 1];
    sums[i + 2] += weight * rgba[j + 2];
  }
}

/**
 * @param {Float64Array} sums
 * @param {{first: number, weights: Float64Array}[]} columns
 * @param {number} left
 * @param {Uint8Array} output where the row goes
 */
function narrow(sums, columns, left, output) {
  columns.forEach(({ first, weights }, column) => {
    for (let channel = 0; channel < 3; channel++) {
      let mean = 0;
      for (let i = 0, j = (first - left) * 3 + channel; i < weights.length; i++, j += 3) mean += weights[i] * sums[j];
      output[column * 3 + channel] = Math.floor(mean + (0.5 + TIE));
    }
  });
}

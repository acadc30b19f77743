/** Measures how sharp and how well lit a photo is; the same arithmetic as builder/photo/quality.py. */

/** sharpness: no unit; brightness: 0-255; white_share: 0-1. @typedef {{readonly sharpness: number, readonly brightness: number, readonly white_share: number, readonly across_px: number}} QualityMeasures */

const WHITE_LEVEL = 250; // of 255 in all three channels: nothing is left to see there

/**
 * @param {Uint8Array} pixels RGB, row by row, as the network sees them
 * @param {number} width of these pixels
 * @param {number} height
 * @param {number} frameWidth_px how many pixels of the photo lie across the frame
 * @returns {QualityMeasures}
 */
export function measure(pixels, width, height, frameWidth_px) {
  const luma = new Float64Array(width * height);
  let sum = 0;
  let white = 0;
  for (let i = 0, j = 0; i < luma.length; i++, j += 3) {
    luma[i] = (299 * pixels[j] + 587 * pixels[j + 1] + 114 * pixels[j + 2]) / 1000; // ITU-R BT.601
    sum += luma[i];
    if (Math.min(pixels[j], pixels[j + 1], pixels[j + 2]) >= WHITE_LEVEL) white += 1;
  }
  return {
    sharpness: sharpness(luma, width, height),
    brightness: sum / luma.length,
    white_share: white / luma.length,
    across_px: frameWidth_px,
  };
}

/**
 * The variance of the Laplacian over the mean square of the slope: what is fine in the photo against what is coarse,
 * so that a pale lesion is no blurred one.
 * @param {Float64Array} luma
 * @param {number} width
 * @param {number} height
 */
function sharpness(luma, width, height) {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const value = luma[i - 1] + luma[i + 1] + luma[i - width] + luma[i + width] - 4 * luma[i];
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  const variance = squares / count - (sum / count) ** 2;
  return variance / (meanSquareStep(luma, width, height, 1) + meanSquareStep(luma, width, height, width) + 1);
}

/**
 * @param {Float64Array} luma
 * @param {number} width
 * @param {number} height
 * @param {number} step 1: to the right; width: down
 */
function meanSquareStep(luma, width, height, step) {
  const columns = step === 1 ? width - 1 : width;
  const rows = step === 1 ? height : height - 1;
  let squares = 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) squares += (luma[y * width + x + step] - luma[y * width + x]) ** 2;
  }
  return squares / (columns * rows);
}

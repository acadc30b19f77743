/** Canvases: made, turned into a photo's file, and given back. */

/**
 * @param {number} width  @param {number} height
 * @returns {HTMLCanvasElement} in no document
 */
export function of(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** @param {HTMLCanvasElement} canvas  @param {CanvasRenderingContext2DSettings} [settings] */
export function surfaceOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser gives no drawing surface.");
  return context;
}

/**
 * A JPEG of what is on a canvas, which is empty from then on; null: this browser makes none.
 * @param {HTMLCanvasElement} canvas  @param {number} quality 0-1
 * @returns {Promise<Blob | null>}
 */
export async function toJpeg(canvas, quality) {
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  empty(canvas);
  return blob;
}

/** Safari keeps a canvas's memory until its size is 0. @param {HTMLCanvasElement} canvas */
export function empty(canvas) {
  Object.assign(canvas, { width: 0, height: 0 });
}

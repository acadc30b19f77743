/** A photo in quarter turns: the same picture seen from the side, pixel for pixel, without a copy of it. */

import * as Canvas from "./canvas.js";
/** @import { Picture } from "./photo.js" */
/** @import { Frame } from "./pixels.js" */

/**
 * @param {Picture} picture upright, as `Photo.read` gives it
 * @param {number} quarters clockwise, 0 to 3
 * @returns {Picture} whose `source` stays the unturned one; closing it closes the picture
 */
export function by(picture, quarters) {
  if (quarters === 0) return picture;
  const { width, height } = picture;
  const isSideways = quarters % 2 === 1;
  return Object.freeze({
    width: isSideways ? height : width,
    height: isSideways ? width : height,
    source: picture.source,
    /** @type {Picture["read"]} */
    read(x, y, w, h) {
      if (quarters === 1) return turn(picture.read(y, height - x - w, h, w), h, w, 1);
      if (quarters === 2) return turn(picture.read(width - x - w, height - y - h, w, h), w, h, 2);
      return turn(picture.read(width - y - h, x, h, w), h, w, 3);
    },
    close: picture.close,
  });
}

/**
 * Fill a canvas with a part of the turned photo.
 * @param {HTMLCanvasElement} canvas  @param {Picture} picture already turned  @param {number} quarters by how much
 * @param {Frame} part of it, in the canvas's shape
 */
export function draw(canvas, picture, quarters, part) {
  const context = Canvas.surfaceOf(canvas);
  const scale = canvas.width / part.width;
  context.resetTransform();
  context.fillStyle = "white"; // what is transparent lies on white, as it does for the network
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.setTransform(scale, 0, 0, scale, -part.x * scale, -part.y * scale);
  context.translate(quarters === 1 || quarters === 2 ? picture.width : 0, quarters >= 2 ? picture.height : 0);
  context.rotate((quarters * Math.PI) / 2);
  context.drawImage(picture.source, 0, 0);
}

/**
 * @param {Uint8ClampedArray} rgba of width x height  @param {number} width  @param {number} height
 * @param {1 | 2 | 3} quarters clockwise
 */
function turn(rgba, width, height, quarters) {
  const from = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  if (quarters === 2) {
    from.reverse();
    return rgba;
  }
  const to = new Uint32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    // A row becomes a column: the last one for the first row where the turn is clockwise.
    const column = quarters === 1 ? height - 1 - y : y;
    for (let x = 0; x < width; x++, i++) to[(quarters === 1 ? x : width - 1 - x) * height + column] = from[i];
  }
  return new Uint8ClampedArray(to.buffer);
}

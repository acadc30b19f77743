/** A small picture of what is in the frame, for tables, the history and photos side by side. */

import * as Canvas from "./canvas.js";
import * as Turned from "./turned.js";
/** @import { Framed } from "../framing/framing.js" */
/** @import { Picture } from "./photo.js" */

const WIDTH_PX = 480; // sharp at 240 CSS pixels on a phone's screen; about 40 kB
const JPEG_QUALITY = 0.85;

/**
 * @param {Picture} picture already turned  @param {Framed} framed
 * @returns {Promise<Blob>} a JPEG of the frame's shape
 */
export async function of(picture, { quarters, frame }) {
  const canvas = Canvas.of(WIDTH_PX, Math.round((WIDTH_PX * frame.height) / frame.width));
  Turned.draw(canvas, picture, quarters, frame);
  const blob = await Canvas.toJpeg(canvas, JPEG_QUALITY);
  if (!blob) throw new Error("This browser made no picture of the frame.");
  return blob;
}

/** Turns the file a person picked into an upright picture in sRGB, or says by a code why it cannot. */

import * as Canvas from "./canvas.js";
import * as Pixels from "./pixels.js";
/** @import { Card } from "../network/cards.js" */

/**
 * A decoded photo: upright, sRGB. `read` gives whole pixels as RGBA on white; `close` gives the memory back.
 * @typedef {object} Picture
 * @property {number} width
 * @property {number} height
 * @property {ImageBitmap} source
 * @property {(x: number, y: number, width: number, height: number) => Uint8ClampedArray} read
 * @property {() => void} close
 */

/** Why a photo cannot be used: the visitor is told the message `photo.<code>`, with these values in it. */
export class Problem extends Error {
  /**
   * @param {"not-an-image" | "unopened" | "broken" | "too-small" | "too-large" | "unreadable-format"} code
   * @param {Record<string, string | number>} [values]
   */
  constructor(code, values = {}) {
    super(code);
    this.name = "Photo.Problem";
    this.code = code;
    this.values = values;
  }
}

/**
 * @param {Blob} file
 * @param {Pick<Card, "photo_limits">} limits the network's card
 * @returns {Promise<Picture>} close it after use: it holds four bytes a pixel
 */
export async function read(file, limits) {
  const type = await typeOf(file);
  // The browser goes by the type, and the name's ending, from which it has the type, may be wrong.
  const typed = file.slice(0, file.size, type);
  await checkSizeBeforeDecoding(typed, type, limits);
  if (!isWhole(new DataView(await typed.arrayBuffer()), type)) throw new Problem("broken");
  const bitmap = await decode(typed);
  try {
    checkSize(bitmap.width, bitmap.height, limits);
  } catch (problem) {
    bitmap.close();
    throw problem;
  }
  return pictureOf(bitmap);
}

/**
 * Tells the kind of a file by its first bytes.
 * @param {Blob} file
 * @returns {Promise<string>} a media type
 */
async function typeOf(file) {
  /** @type {string} */
  let start;
  try {
    start = String.fromCharCode(...new Uint8Array(await file.slice(0, 32).arrayBuffer()));
  } catch {
    // The file was moved, changed or taken away (a memory card, a cloud folder) after it was chosen.
    throw new Problem("unopened");
  }
  if (start.startsWith("\xFF\xD8\xFF")) return "image/jpeg";
  if (start.startsWith("\x89PNG\r\n\x1A\n")) return "image/png";
  if (/^GIF8[79]a/.test(start)) return "image/gif";
  if (/^RIFF....WEBP/s.test(start)) return "image/webp";
  if (/^BM.{4}\0{4}/s.test(start)) return "image/bmp";
  if (/^....ftyp(....)*avi[fs]/s.test(start)) return "image/avif";
  if (/^....ftyp(hei|hev|mif1|msf1)/s.test(start)) return "image/heic";
  if (/^(II\*\0|MM\0\*)/.test(start)) return "image/tiff";
  throw new Problem("not-an-image");
}

/**
 * Reads only the file's header, so that a gigantic photo is refused before it fills the memory.
 * @param {Blob} file
 * @param {string} type
 * @param {Pick<Card, "photo_limits">} limits
 */
async function checkSizeBeforeDecoding(file, type, limits) {
  const image = new Image();
  const url = URL.createObjectURL(file);
  try {
    const loaded = await new Promise((resolve) => {
      image.onload = () => resolve(true);
      image.onerror = () => resolve(false);
      image.src = url;
    });
    if (loaded) {
      checkLargest(image.naturalWidth, image.naturalHeight, limits);
    } else if (type === "image/heic" || type === "image/tiff") {
      // Safari reads both; no other browser does.
      throw new Problem("unreadable-format", { format: type === "image/heic" ? "HEIC" : "TIFF" });
    } else {
      throw new Problem("broken");
    }
  } finally {
    image.src = "";
    URL.revokeObjectURL(url);
  }
}

/**
 * Whether the picture's data goes on to its end. Firefox (153) draws what there is of a file that was cut off, and
 * leaves the rest grey; of an AVIF no browser takes a part.
 * @param {DataView} file
 * @param {string} type
 */
function isWhole(file, type) {
  try {
    if (type === "image/jpeg") reachEndOfJpeg(file);
    if (type === "image/png") reachEndOfPng(file);
    if (type === "image/gif") reachEndOfFirstFrame(file);
    if (type === "image/bmp") reachEndOfBmp(file);
    if (type === "image/webp") file.getUint8(7 + file.getUint32(4, true)); // what follows the first 8 bytes
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false; // it read behind the file's last byte
    throw error;
  }
}

/** From marker to marker, over what lies between. @param {DataView} file */
function reachEndOfJpeg(file) {
  const [END, FILL] = [0xd9, 0xff];
  const hasNoLength = (/** @type {number} */ marker) => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7);
  for (let at = 2; ; ) {
    if (file.getUint8(at) !== 0xff) at += 1;
    else if (file.getUint8(at + 1) === END) return;
    else if (file.getUint8(at + 1) === FILL) at += 1;
    else if (hasNoLength(file.getUint8(at + 1))) at += 2;
    else at += 2 + file.getUint16(at + 2);
  }
}

/** @param {DataView} file */
function reachEndOfPng(file) {
  const END = 0x49454e44; // "IEND"
  for (let at = 8; file.getUint32(at + 4) !== END; ) at += 12 + file.getUint32(at);
}

/** Only a GIF's first frame is looked at. @param {DataView} file */
function reachEndOfFirstFrame(file) {
  const tableBytes = (/** @type {number} */ flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + tableBytes(file.getUint8(10));
  let isFrame = false;
  while (!isFrame) {
    isFrame = file.getUint8(at) === 0x2c;
    at += isFrame ? 11 + tableBytes(file.getUint8(at + 9)) : 2; // else an extension
    while (file.getUint8(at)) at += 1 + file.getUint8(at);
    at += 1;
  }
}

/** @param {DataView} file */
function reachEndOfBmp(file) {
  if (file.getUint32(14, true) < 40 || ![0, 3].includes(file.getUint32(30, true))) return; // an old or a packed kind
  const rowBytes = 4 * Math.ceil((file.getInt32(18, true) * file.getUint16(28, true)) / 32);
  file.getUint8(file.getUint32(10, true) + rowBytes * Math.abs(file.getInt32(22, true)) - 1);
}

/**
 * @param {Blob} file
 * @returns {Promise<ImageBitmap>}
 */
async function decode(file) {
  let bitmap;
  try {
    // Unlike an <img>, whose decode() accepts half a file, this fails on what is cut off or damaged (Chromium 156, Firefox 153),
    // and it gives true pixels where an <img> follows the EXIF resolution. It turns the photo upright: draw it as is.
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Problem("broken");
  }
  // WebKit does not fail: it gives a bitmap with nothing in it (WebKitGTK 2.50), which on white would be bare skin.
  if (isEmpty(bitmap)) {
    bitmap.close();
    throw new Problem("broken");
  }
  return bitmap;
}

/** Whether all of it is transparent. @param {ImageBitmap} bitmap */
function isEmpty(bitmap) {
  const side = 16; // a look from afar is enough for a photo
  const canvas = Canvas.of(side, side);
  const context = drawingOn(canvas);
  context.drawImage(bitmap, 0, 0, side, side);
  return context.getImageData(0, 0, side, side).data.every((value) => value === 0);
}

/** @param {HTMLCanvasElement} canvas */
function drawingOn(canvas) {
  // Kept in ordinary memory: pixels read back from a graphics card are slow, and may differ by its rounding.
  return Canvas.surfaceOf(canvas, { willReadFrequently: true, colorSpace: "srgb" });
}

/**
 * @param {number} width
 * @param {number} height
 * @param {Pick<Card, "photo_limits">} limits
 */
function checkSize(width, height, limits) {
  checkLargest(width, height, limits);
  const { width_px, height_px } = limits.photo_limits.smallest_frame;
  const frame = Pixels.centredFrame(width, height, width_px, height_px);
  if (frame.width < width_px || frame.height < height_px) {
    throw new Problem("too-small", { width, height, leastWidth: width_px, leastHeight: height_px });
  }
}

/**
 * @param {number} width
 * @param {number} height
 * @param {Pick<Card, "photo_limits">} limits
 */
function checkLargest(width, height, { photo_limits: { max_megapixels } }) {
  const megapixels = (width * height) / 1e6;
  if (megapixels > max_megapixels) {
    throw new Problem("too-large", { megapixels: Math.round(megapixels), most: max_megapixels });
  }
}

/**
 * @param {ImageBitmap} bitmap
 * @returns {Picture}
 */
function pictureOf(bitmap) {
  const canvas = document.createElement("canvas");
  const context = drawingOn(canvas);
  return Object.freeze({
    width: bitmap.width,
    height: bitmap.height,
    source: bitmap,
    /** @type {Picture["read"]} */
    read(x, y, width, height) {
      // Setting the size clears the canvas, so it is done only when the size changes.
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      context.fillStyle = "white"; // what is transparent lies on white
      context.fillRect(0, 0, width, height);
      context.drawImage(bitmap, x, y, width, height, 0, 0, width, height);
      return context.getImageData(0, 0, width, height).data;
    },
    close() {
      bitmap.close();
      Canvas.empty(canvas);
    },
  });
}

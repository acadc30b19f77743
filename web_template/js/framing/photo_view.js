/** The photo on the screen: draws the part of it around the crop frame, and lays frame and heat map over it. */

import * as Parts from "../page/parts.js";
import * as Canvas from "../photo/canvas.js";
import * as Turned from "../photo/turned.js";
/** @import { Picture } from "../photo/photo.js" */
/** @import { Frame } from "../photo/pixels.js" */

const LEAST_FRAME_SHARE = 0.4; // of the view's width or height: a smaller frame brings the photo closer
const MOST_DENSITY = 2; // screen pixels drawn per CSS pixel: more is not seen, and costs memory

const element = Parts.byId("photo-view", HTMLElement);
const canvas = Parts.byId("seen-image", HTMLCanvasElement);
const frameElement = Parts.byId("frame", HTMLElement);
const heat = Parts.byId("heat", HTMLCanvasElement);

/** @type {{picture: Picture, quarters: number} | null} */
let shown = null;
/** The part of the photo on the screen. @type {Frame} */
let view = { x: 0, y: 0, width: 1, height: 1 };

// The style sheet decides how large the element is; when that changes, so does how many pixels to draw.
new ResizeObserver(() => paint()).observe(element);

/** @param {Picture} picture already turned  @param {number} quarters by how much  @param {Frame} frame */
export function show(picture, quarters, frame) {
  shown = { picture, quarters };
  element.style.setProperty("--photo-ratio", String(picture.width / picture.height));
  hideHeat();
  follow(frame);
}

/** Forget the photo, which is about to be closed. */
export function clear() {
  shown = null;
  hideHeat();
  Canvas.empty(canvas);
}

/** Bring the frame into view, near enough to see what is in it. @param {Frame} frame */
export function follow(frame) {
  if (!shown) return;
  const { width, height } = shown.picture;
  const share = Math.min(1, Math.max(frame.width / width, frame.height / height) / LEAST_FRAME_SHARE);
  const [viewWidth, viewHeight] = [width * share, height * share];
  view = {
    x: Math.min(Math.max(frame.x + (frame.width - viewWidth) / 2, 0), width - viewWidth),
    y: Math.min(Math.max(frame.y + (frame.height - viewHeight) / 2, 0), height - viewHeight),
    width: viewWidth,
    height: viewHeight,
  };
  paint();
  place(frame);
}

/** Put the frame over the part of the photo it stands for; the photo stays where it is. @param {Frame} frame */
export function place(frame) {
  const { style } = frameElement;
  style.setProperty("--frame-left", share((frame.x - view.x) / view.width));
  style.setProperty("--frame-top", share((frame.y - view.y) / view.height));
  style.setProperty("--frame-width", share(frame.width / view.width));
  style.setProperty("--frame-height", share(frame.height / view.height));
  for (const [name, value] of Object.entries(frame)) frameElement.dataset[name] = String(value); // in the photo's pixels
}

function paint() {
  const { width: cssWidth, height: cssHeight } = element.getBoundingClientRect();
  if (!shown || cssWidth === 0) return;
  const density = Math.min(MOST_DENSITY, window.devicePixelRatio || 1);
  const [width, height] = [Math.round(cssWidth * density), Math.round(cssHeight * density)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  Turned.draw(canvas, shown.picture, shown.quarters, view);
}

/** A place on the screen as a place in the photo. @param {{clientX: number, clientY: number}} event */
export function placeOf({ clientX, clientY }) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return {
    x: view.x + ((clientX - left) / width) * view.width,
    y: view.y + ((clientY - top) / height) * view.height,
  };
}

/**
 * Lay a heat map over what is in the frame.
 * @param {{width: number, height: number, values: ArrayLike<number>}} map values 0-1, row by row
 */
export function showHeat({ width, height, values }) {
  Object.assign(heat, { width, height });
  const context = Canvas.surfaceOf(heat);
  const image = context.createImageData(width, height);
  const [red, green, blue] = colourOf(getComputedStyle(heat).color);
  for (let i = 0; i < width * height; i++) image.data.set([red, green, blue, Math.round(255 * (values[i] ?? 0))], i * 4);
  context.putImageData(image, 0, 0);
  heat.hidden = false;
}

export function hideHeat() {
  heat.hidden = true;
  Canvas.empty(heat);
}

/** @param {string} css "rgb(1, 2, 3)", as computed styles give it */
function colourOf(css) {
  return (css.match(/\d+/g) ?? ["0", "0", "0"]).slice(0, 3).map(Number);
}

/** @param {number} fraction 0-1  @returns {string} as CSS wants it */
function share(fraction) {
  return `${fraction * 100}%`;
}

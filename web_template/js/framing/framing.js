/**
 * The crop frame: moved and sized by finger, mouse, keyboard and buttons. Whatever a drag does, a button does too
 * (WCAG 2.5.7).
 */

import * as Parts from "../page/parts.js";
import * as View from "../page/view.js";
import * as Words from "../page/words.js";
import * as Crop from "../photo/crop.js";
import * as Spot from "../photo/spot.js";
import * as Turned from "../photo/turned.js";
import * as PhotoView from "./photo_view.js";
/** @import { SizePx } from "../network/cards.js" */
/** @import { Picture } from "../photo/photo.js" */
/** @import { Frame } from "../photo/pixels.js" */

/** How the visitor framed a photo: quarter turns clockwise, and the frame in the turned photo. @typedef {{readonly quarters: number, readonly frame: Frame}} Framed */

const STEP_SHARE = 0.1; // of the frame: how far one press of an arrow moves it
const FINE_SHARE = 0.02; // with Shift
const SIZE_STEP = 1.15; // one press of + or -
const WHEEL_STEP = 1.0015; // per pixel of the wheel
const TAP_PX = 6; // a pointer that moves less was not meant to drag

const photoView = Parts.byId("photo-view", HTMLElement);
const frameElement = Parts.byId("frame", HTMLElement);
const note = Parts.byId("frame-note", HTMLElement);
const tools = Parts.byId("framing-tools", HTMLElement);

/** @type {{original: Picture, picture: Picture, quarters: number, frame: Frame, smallest: SizePx} | null} */
let current = null;
/** @type {() => void} */
let onChange = () => {};
/** Fingers or mouse that are down, by id: where in the photo they are. @type {Map<number, {x: number, y: number}>} */
const pointers = new Map();
/** @type {{corner: string | undefined, isOutside: boolean, clientX: number, clientY: number, hasMoved: boolean}} */
let drag = { corner: undefined, isOutside: false, clientX: 0, clientY: 0, hasMoved: false };

/** @param {() => void} changed called whenever the visitor changed what the network sees */
export function listen(changed) {
  onChange = changed;
  photoView.addEventListener("pointerdown", press);
  photoView.addEventListener("pointermove", move);
  photoView.addEventListener("pointerup", release);
  photoView.addEventListener("pointercancel", release);
  photoView.addEventListener("wheel", turnWheel, { passive: false });
  frameElement.addEventListener("keydown", pressKey);
  tools.addEventListener("click", (event) => {
    const button = Parts.buttonOf(event);
    if (button?.dataset.does && button.getAttribute("aria-disabled") !== "true") act(button.dataset.does);
  });
}

/**
 * @param {Picture} picture upright  @param {SizePx} smallest
 * @param {{quarters: number, frame: Frame} | null} [framed] as it was framed before; null: the largest frame in its middle
 */
export function show(picture, smallest, framed = null) {
  const quarters = framed?.quarters ?? 0;
  const turned = Turned.by(picture, quarters);
  const frame = framed?.frame ?? Crop.largest(Crop.roomOf(turned, smallest));
  current = { original: picture, picture: turned, quarters, frame, smallest };
  pointers.clear();
  note.hidden = true;
  PhotoView.show(turned, quarters, frame);
  tellTools();
}

/** What the network is to see: the photo, turned, and the frame in it. */
export function chosen() {
  if (!current) throw new Error("no photo is framed");
  const { picture, quarters, frame } = current;
  return { picture, quarters, frame };
}

export function clear() {
  current = null;
  pointers.clear();
  PhotoView.clear();
}

/** @param {string} what as the buttons' `data-does` say */
function act(what) {
  if (!current) return;
  const room = roomNow();
  const { frame, picture, smallest } = current;
  const across = frame.width * STEP_SHARE;
  const down = frame.height * STEP_SHARE;
  if (what === "left") set(Crop.moved(room, frame, -across, 0));
  if (what === "right") set(Crop.moved(room, frame, across, 0));
  if (what === "up") set(Crop.moved(room, frame, 0, -down));
  if (what === "down") set(Crop.moved(room, frame, 0, down));
  if (what === "smaller") set(Crop.sized(room, frame, 1 / SIZE_STEP));
  if (what === "larger") set(Crop.sized(room, frame, SIZE_STEP));
  if (what === "whole") set(Crop.largest(room));
  if (what === "turn-left") turn(-1);
  if (what === "turn-right") turn(1);
  if (what === "spot") void frameSpot(picture, smallest);
}

/** @param {Picture} picture  @param {SizePx} smallest */
async function frameSpot(picture, smallest) {
  const guess = await Spot.frame(picture, smallest);
  if (current?.picture !== picture) return; // another photo by now, or another turn of it
  set(guess.frame);
  note.hidden = guess.isSure;
  if (!guess.isSure) View.say(Words.say("framing.no-spot"));
}

/** @param {1 | -1} quarter */
function turn(quarter) {
  if (!current) return;
  const frame = Crop.turned(roomNow(), current.frame, quarter);
  const quarters = (current.quarters + quarter + 4) % 4;
  const picture = Turned.by(current.original, quarters);
  current = { ...current, picture, quarters, frame };
  PhotoView.show(picture, quarters, frame);
  tellTools();
  onChange();
}

/** @param {Frame} frame  @param {boolean} [isSettled] false while a drag goes on: the photo must not move under it */
function set(frame, isSettled = true) {
  if (!current) return;
  const { x, y, width } = current.frame;
  const isSame = frame.x === x && frame.y === y && frame.width === width;
  current.frame = frame;
  note.hidden = true;
  if (isSettled) PhotoView.follow(frame);
  else PhotoView.place(frame);
  tellTools();
  if (!isSame) onChange();
}

/** @param {PointerEvent} event */
function press(event) {
  if (!current || (event.pointerType === "mouse" && event.button !== 0)) return;
  const target = event.target instanceof HTMLElement ? event.target : photoView;
  photoView.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, PhotoView.placeOf(event));
  const hasMoved = pointers.size > 1; // a pinch is no tap
  const { clientX, clientY } = event;
  drag = { corner: target.dataset.corner, isOutside: !frameElement.contains(target), clientX, clientY, hasMoved };
  frameElement.focus({ preventScroll: true });
  event.preventDefault();
}

/** @param {PointerEvent} event */
function move(event) {
  const before = pointers.get(event.pointerId);
  if (!current || !before) return;
  const now = PhotoView.placeOf(event);
  const isTap = !drag.hasMoved && Math.hypot(event.clientX - drag.clientX, event.clientY - drag.clientY) < TAP_PX;
  if (isTap) return;
  drag.hasMoved = true;
  const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
  pointers.set(event.pointerId, now);
  if (others[0]) pinch(others[0], before, now);
  else if (drag.corner) set(sizedByCorner(drag.corner, now), false);
  else set(Crop.moved(roomNow(), current.frame, now.x - before.x, now.y - before.y), false);
}

/** Fingers that part bring the photo closer: the frame gets smaller. @param {{x: number, y: number}} other  @param {{x: number, y: number}} before  @param {{x: number, y: number}} now */
function pinch(other, before, now) {
  if (!current) return;
  const apart = Math.hypot(before.x - other.x, before.y - other.y);
  const apartNow = Math.hypot(now.x - other.x, now.y - other.y);
  if (apart === 0 || apartNow === 0) return;
  set(Crop.sized(roomNow(), current.frame, apart / apartNow), false);
}

/** @param {string} corner e.g. "nw"  @param {{x: number, y: number}} pointer  @returns {Frame} */
function sizedByCorner(corner, pointer) {
  const { frame } = /** @type {NonNullable<typeof current>} */ (current);
  const fixed = {
    x: corner.includes("w") ? frame.x + frame.width : frame.x,
    y: corner.includes("n") ? frame.y + frame.height : frame.y,
  };
  const across = Math.max(0, corner.includes("w") ? fixed.x - pointer.x : pointer.x - fixed.x);
  const down = Math.max(0, corner.includes("n") ? fixed.y - pointer.y : pointer.y - fixed.y);
  const factor = Math.max(across / frame.width, down / frame.height);
  const { width, height } = roomNow();
  // Without this, the frame would be pushed away from the corner that is to stay.
  const most = Math.min(
    (corner.includes("w") ? fixed.x : width - fixed.x) / frame.width,
    (corner.includes("n") ? fixed.y : height - fixed.y) / frame.height,
  );
  return Crop.sized(roomNow(), frame, Math.min(factor, most), fixed);
}

/** @param {PointerEvent} event */
function release(event) {
  const place = pointers.get(event.pointerId);
  if (!current || !place) return;
  pointers.delete(event.pointerId);
  if (pointers.size > 0) return;
  const { frame } = current;
  const isTap = event.type === "pointerup" && drag.isOutside && !drag.hasMoved;
  set(isTap ? Crop.around(roomNow(), place.x, place.y, frame.width) : frame);
}

/** Sizes the frame once the visitor has turned to it; before that, and at its limits, the wheel scrolls the page. @param {WheelEvent} event */
function turnWheel(event) {
  if (!current || !(event.ctrlKey || document.activeElement === frameElement)) return;
  const can = Crop.canBe(roomNow(), current.frame);
  if (event.deltaY > 0 ? !can.larger : !can.smaller) return;
  event.preventDefault();
  set(Crop.sized(roomNow(), current.frame, WHEEL_STEP ** event.deltaY, PhotoView.placeOf(event)));
}

/** @param {KeyboardEvent} event */
function pressKey(event) {
  if (!current || event.altKey || event.ctrlKey || event.metaKey) return;
  const step = event.shiftKey ? FINE_SHARE : STEP_SHARE;
  const { width, height } = current.frame;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const sizes = { "+": "smaller", "=": "smaller", "-": "larger", _: "larger", 0: "whole" };
  const way = moves[/** @type {keyof typeof moves} */ (event.key)];
  const size = sizes[/** @type {keyof typeof sizes} */ (event.key)];
  if (way) set(Crop.moved(roomNow(), current.frame, way[0] * step * width, way[1] * step * height));
  else if (size) act(size);
  else return;
  event.preventDefault();
}

/** Buttons that can do no more say so; they stay where they are, so that the focus does too. */
function tellTools() {
  if (!current) return;
  const { moved, larger, smaller } = Crop.canBe(roomNow(), current.frame);
  /** @type {Record<string, boolean>} */
  const can = { ...moved, larger, smaller, whole: !Crop.isLargest(roomNow(), current.frame) };
  for (const button of tools.querySelectorAll("button")) {
    const does = button.dataset.does ?? "";
    if (does in can) button.setAttribute("aria-disabled", String(!can[does]));
  }
  // Where the frame cannot go up or down, a finger on it scrolls the page.
  photoView.toggleAttribute("data-scrolls", !moved.up && !moved.down);
}

function roomNow() {
  const { picture, smallest } = /** @type {NonNullable<typeof current>} */ (current);
  return Crop.roomOf(picture, smallest);
}

/** Moves and sizes a crop frame inside a photo: it keeps the network's shape, and never holds too few pixels. */

import * as Pixels from "./pixels.js";
/** @import { SizePx } from "../network/cards.js" */
/** @import { Frame } from "./pixels.js" */

/**
 * The room a frame has: the photo's size, and the smallest frame.
 * @typedef {{width: number, height: number, widthPx: number, heightPx: number}} Room
 */

/** @param {{width: number, height: number}} picture  @param {SizePx} smallest  @returns {Room} */
export function roomOf({ width, height }, { width_px, height_px }) {
  return { width, height, widthPx: width_px, heightPx: height_px };
}

/** Where every photo starts: the largest frame in its middle. @param {Room} room  @returns {Frame} */
export function largest({ width, height, widthPx, heightPx }) {
  return Pixels.centredFrame(width, height, widthPx, heightPx);
}

/**
 * The frame of a given width around a given middle, made to fit.
 * @param {Room} room  @param {number} middleX  @param {number} middleY  @param {number} width  @returns {Frame}
 */
export function around(room, middleX, middleY, width) {
  const most = largest(room).width;
  const fitting = Math.min(most, Math.max(width, room.widthPx));
  const height = (fitting * room.heightPx) / room.widthPx;
  return inside(room, { x: middleX - fitting / 2, y: middleY - height / 2, width: fitting, height });
}

/** @param {Room} room  @param {Frame} frame  @param {number} right  @param {number} down  @returns {Frame} */
export function moved(room, frame, right, down) {
  return inside(room, { ...frame, x: frame.x + right, y: frame.y + down });
}

/**
 * @param {Room} room  @param {Frame} frame
 * @param {number} factor above 1: a larger frame, which shows more of the photo
 * @param {{x: number, y: number}} [anchor] the place in the photo that keeps its place in the frame; else the middle
 * @returns {Frame}
 */
export function sized(room, frame, factor, anchor = middleOf(frame)) {
  const width = Math.min(largest(room).width, Math.max(frame.width * factor, room.widthPx));
  const scale = width / frame.width;
  return inside(room, {
    x: anchor.x + (frame.x - anchor.x) * scale,
    y: anchor.y + (frame.y - anchor.y) * scale,
    width,
    height: (width * room.heightPx) / room.widthPx,
  });
}

/**
 * The same part of the photo after a quarter turn of it, in the frame's upright shape again.
 * @param {Room} room of the photo before the turn  @param {Frame} frame in it  @param {1 | -1} quarter 1: clockwise
 * @returns {Frame}
 */
export function turned(room, frame, quarter) {
  const after = { ...room, width: room.height, height: room.width };
  if (isLargest(room, frame)) return largest(after);
  const { x, y } = middleOf(frame);
  return quarter === 1 ? around(after, room.height - y, x, frame.width) : around(after, y, room.width - x, frame.width);
}

/** @param {Room} room  @param {Frame} frame */
export function isLargest(room, frame) {
  const most = largest(room);
  return frame.x === most.x && frame.y === most.y && frame.width === most.width;
}

/** @param {Room} room  @param {Frame} frame  whether it can be moved across and up and down, made larger and smaller */
export function canBe(room, frame) {
  return {
    moved: { left: frame.x > 0, right: frame.x + frame.width < room.width, up: frame.y > 0, down: frame.y + frame.height < room.height },
    larger: frame.width < largest(room).width,
    smaller: frame.width > room.widthPx,
  };
}

/** @param {Frame} frame */
export function middleOf({ x, y, width, height }) {
  return { x: x + width / 2, y: y + height / 2 };
}

/** @param {Room} room  @param {Frame} frame  @returns {Frame} */
function inside(room, { x, y, width, height }) {
  return {
    x: Math.min(Math.max(x, 0), room.width - width),
    y: Math.min(Math.max(y, 0), room.height - height),
    width,
    height,
  };
}

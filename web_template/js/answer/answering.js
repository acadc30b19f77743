/** From what is in the frame to an answer: pixels, the network, and what may be said of its numbers. */

import * as Words from "../page/words.js";
import * as Photo from "../photo/photo.js";
import * as Pixels from "../photo/pixels.js";
import * as Quality from "../photo/quality.js";
import * as Decision from "./decision.js";
/** @import { Framed } from "../framing/framing.js" */
/** @import { Card } from "../network/cards.js" */
/** @import { LoadedNetwork } from "../network/network.js" */
/** @import { Picture } from "../photo/photo.js" */
/** @import { Frame } from "../photo/pixels.js" */
/** @import { PhotoDecision } from "./decision.js" */

/**
 * A photo with its answer: all that a page, a table's row, an export and the history tell of it.
 * @typedef {object} AnsweredPhoto
 * @property {string} name
 * @property {number} quarters as in Framed
 * @property {Frame} frame
 * @property {readonly number[]} probabilities one per class, by its index, 0-1
 * @property {number} scope how unlike a photo of a lesion it is, by the measure of the card's `judgement.scope`
 * @property {string} likeliest the code of the class with the highest probability
 * @property {PhotoDecision} judgement
 * @property {{readonly name: string, readonly version: string}} network which one said so
 * @property {string} answeredAt as ISO 8601
 */
/** An answer, with the card of the network that gave it. @typedef {{readonly answered: AnsweredPhoto, readonly card: Card}} CardedAnswer */

/**
 * @param {{picture: Picture} & Framed} framed  @param {string} name of the photo  @param {LoadedNetwork} network
 * @returns {Promise<{answered: AnsweredPhoto, pixels: Uint8Array}>}
 */
export async function answer({ picture, quarters, frame }, name, network) {
  const { card } = network;
  const { width_px, height_px } = card.input;
  const pixels = await Pixels.shrink(picture, frame, width_px, height_px);
  const quality = Quality.measure(pixels, width_px, height_px, frame.width);
  const { probabilities, scope } = await network.classify(pixels);
  const highest = Math.max(...probabilities);
  const answered = Object.freeze({
    name,
    quarters,
    frame,
    probabilities: Array.from(probabilities),
    scope,
    likeliest: card.classes.find(({ index }) => probabilities[index] === highest)?.code ?? "",
    judgement: Decision.of({ probabilities, scope, quality }, card),
    network: { name: card.name, version: card.version },
    answeredAt: new Date().toISOString(),
  });
  return { answered, pixels };
}

/** What went wrong with a photo, for the visitor. @param {unknown} error  @param {string} name  @returns {{title: string, text: string}} */
export function wordsFor(error, name) {
  if (error instanceof Photo.Problem) {
    return { title: Words.say("photo.problem-title"), text: Words.say(`photo.${error.code}`, error.values) };
  }
  console.error(`${name} could not be answered:`, error);
  return { title: Words.say("problem.device-title"), text: Words.say("problem.device") };
}

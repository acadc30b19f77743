/** Several photos, answered one after the other, each from the largest frame in its middle. */

import * as Answering from "../answer/answering.js";
import * as Keeping from "../history/keeping.js";
import * as KeptAnswers from "../history/kept_answers.js";
import * as View from "../page/view.js";
import * as Crop from "../photo/crop.js";
import * as Cutout from "../photo/cutout.js";
import * as Photo from "../photo/photo.js";
import * as Collection from "../table/collection.js";
/** @import { LoadedNetwork } from "../network/network.js" */
/** @import { Picture } from "../photo/photo.js" */

let newest = 0;
/** @type {File[]} */
let files = [];

/** @param {File[]} photos  @param {LoadedNetwork} network */
export async function run(photos, network) {
  const job = (newest += 1);
  files = photos;
  Collection.begin(photos.map(({ name }) => name));
  View.setBusy(true);
  let done = 0;
  for (const [index, file] of photos.entries()) {
    const finished = await answerOne(file, index, network, () => job !== newest);
    if (job !== newest) return;
    if (finished) done += 1;
    Collection.showProgress(done, photos.length);
  }
  end(done);
}

/** @param {File} file  @param {number} index  @param {LoadedNetwork} network  @param {() => boolean} isStale */
async function answerOne(file, index, network, isStale) {
  /** @type {Picture | null} */
  let picture = null;
  try {
    picture = await Photo.read(file, network.card);
    const frame = Crop.largest(Crop.roomOf(picture, network.card.photo_limits.smallest_frame));
    const framed = { picture, quarters: 0, frame };
    const { answered } = await Answering.answer(framed, file.name, network);
    const cutout = await Cutout.of(picture, framed);
    if (isStale()) return false;
    Collection.fill(index, answered, cutout);
    await KeptAnswers.keep({ answered, cutout });
  } catch (error) {
    if (isStale()) return false;
    Collection.fail(index, file.name, Answering.wordsFor(error, file.name).text);
  } finally {
    picture?.close();
  }
  return true;
}

/** The visitor has seen enough: what is answered stays. */
export function cancel() {
  newest += 1;
  end(Collection.answered());
}

/** @param {number} done */
function end(done) {
  View.setBusy(false);
  View.showSeveral(Collection.finish(done, files.length));
  if (Keeping.isOn()) void KeptAnswers.refresh();
}

/** Forget the photos and their table: something newer takes the page. */
export function close() {
  newest += 1;
  files = [];
  View.setBusy(false);
  Collection.close();
}

/** @param {number} index  @returns {File | undefined} */
export function fileOf(index) {
  return files[index];
}

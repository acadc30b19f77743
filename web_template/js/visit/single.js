/** The one photo on the page: opened, framed, answered, framed again. A newer photo always wins over an older one. */

import * as Answer from "../answer/answer.js";
import * as Answering from "../answer/answering.js";
import * as Heat from "../answer/heat.js";
import * as Opinions from "../answer/opinions.js";
import * as Framing from "../framing/framing.js";
import * as Keeping from "../history/keeping.js";
import * as KeptAnswers from "../history/kept_answers.js";
import * as View from "../page/view.js";
import * as Cutout from "../photo/cutout.js";
import * as Photo from "../photo/photo.js";
import * as Pixels from "../photo/pixels.js";
/** @import { AnsweredPhoto } from "../answer/answering.js" */
/** @import { Framed } from "../framing/framing.js" */
/** @import { LoadedNetwork } from "../network/network.js" */
/** @import { Picture } from "../photo/photo.js" */

const SETTLE_MS = 300; // a frame that rests so long is meant; the network is not asked before

/** Grows with every photo and every move of the frame: an answer that comes under an older number comes too late. */
let newest = 0;
/**
 * `key` is that of the answer in the history, `pixels` are what the network saw.
 * @type {{name: string, picture: Picture, network: LoadedNetwork, key: number | undefined, answered: AnsweredPhoto | null, pixels: Uint8Array | null} | null}
 */
let shown = null;

export function listen() {
  Framing.listen(reframe);
  Heat.listen(() => void explain());
  Opinions.listen();
}

/**
 * Show a photo and its answer.
 * @param {Blob} file  @param {string} name  @param {LoadedNetwork} network
 * @param {{answered: AnsweredPhoto, framed: Framed | null, key?: number} | null} [known] its answer, if it has one already
 */
export async function open(file, name, network, known = null) {
  const job = (newest += 1);
  View.showWorking();
  Answer.clear();
  try {
    const picture = await Photo.read(file, network.card);
    if (job !== newest) {
      picture.close();
      return;
    }
    putAway();
    shown = { name, picture, network, key: known?.key, answered: null, pixels: null };
    await View.showPhoto(() => Framing.show(picture, network.card.photo_limits.smallest_frame, known?.framed));
    if (job !== newest) return;
    if (known) tell(known.answered);
    else await answer(job);
  } catch (error) {
    if (job === newest) refuse(error, name);
  }
}

/** Ask the network about what is in the frame. @param {number} job */
async function answer(job) {
  if (!shown) return;
  const { name, network, key } = shown;
  const framed = Framing.chosen();
  const { answered, pixels } = await Answering.answer(framed, name, network);
  if (job !== newest) return;
  shown.pixels = pixels;
  tell(answered);
  if (!Keeping.isOn()) return;
  const cutout = await Cutout.of(framed.picture, framed);
  const newKey = await KeptAnswers.keep({ answered, cutout }, key);
  if (job === newest && shown) shown.key = newKey;
  await KeptAnswers.refresh();
}

/** @param {AnsweredPhoto} answered */
function tell(answered) {
  if (!shown) return;
  shown.answered = answered;
  View.showResult(Answer.show(answered, shown.network.card));
  const [framed, { name }] = [Framing.chosen(), shown];
  void Opinions.offer(answered, async (network) => (await Answering.answer(framed, name, network)).answered);
  Heat.offer(answered.judgement.verdict !== "not-a-lesion");
  if (Heat.isOn()) void explain();
}

/** The visitor moved the frame: ask again once it rests. */
function reframe() {
  if (!shown) return;
  const job = (newest += 1);
  const { name } = shown;
  View.showReworking();
  Heat.clear();
  setTimeout(() => {
    if (job !== newest) return;
    answer(job).catch((error) => {
      if (job === newest) refuse(error, name);
    });
  }, SETTLE_MS);
}

/** Lay the heat map of the likeliest class over the photo. */
async function explain() {
  if (!shown?.answered) return;
  const job = newest;
  const { network, answered, name } = shown;
  const { card } = network;
  const framed = Framing.chosen();
  const pixels = shown.pixels ?? (await Pixels.shrink(framed.picture, framed.frame, card.input.width_px, card.input.height_px));
  const index = card.classes.findIndex(({ code }) => code === answered.likeliest);
  try {
    const map = await network.explain(pixels, index);
    if (job === newest && Heat.isOn()) Heat.show(map, answered.likeliest);
  } catch (error) {
    if (job !== newest) return;
    const { title, text } = Answering.wordsFor(error, name);
    View.showMessage(title, text);
  }
}

/** @param {unknown} error  @param {string} name */
function refuse(error, name) {
  close();
  const { title, text } = Answering.wordsFor(error, name);
  View.showProblem(title, text);
}

/** Take the photo off the page; what is still on its way to it comes too late. */
export function close() {
  newest += 1;
  putAway();
  Answer.clear();
  Opinions.clear();
  View.hideResult();
}

function putAway() {
  Heat.clear();
  Framing.clear();
  shown?.picture.close();
  shown = null;
}

/** The answer on the page. */
export function answered() {
  return shown?.answered ?? null;
}

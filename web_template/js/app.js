/** Wires the page: photos go from the visitor to the network, answers go back. */

import "./watch.js"; // here, too, as another script may have come in its place
import * as Actions from "./answer/actions.js";
import * as Export from "./answer/export.js";
import * as Opinions from "./answer/opinions.js";
import * as Capture from "./chooser/capture.js";
import * as Intake from "./chooser/intake.js";
import * as KeptAnswers from "./history/kept_answers.js";
import * as Engine from "./network/engine.js";
import * as Parts from "./page/parts.js";
import * as View from "./page/view.js";
import * as Words from "./page/words.js";
import * as Bytes from "./site/bytes.js";
import * as Offline from "./site/offline.js";
import * as Collection from "./table/collection.js";
import * as Pair from "./table/pair.js";
import * as Batch from "./visit/batch.js";
import * as Single from "./visit/single.js";
/** @import { AnsweredPhoto } from "./answer/answering.js" */
/** @import { KeptAnswer } from "./history/keeping.js" */
/** @import { LoadedNetwork } from "./network/network.js" */

/** @type {LoadedNetwork | null} */
let network = null;
let isLoading = false;
let newestLoad = 0;
let newestWish = 0;
/** What the visitor wanted before the network was there. @type {((network: LoadedNetwork) => void) | null} */
let kept = null;

Single.listen();
Collection.listen({ open: openFromCollection, cancel: Batch.cancel, save });
KeptAnswers.listen({ open: openFromHistory, save });
Capture.listen({ photo: (file) => take([file]), problem: View.showMessage });
Actions.listen({ another: Intake.open, save: saveSingle });
Intake.listen({ photos: take, nothing: refuseNothing, sample: (address, name) => void takeSample(address, name) });
Parts.byId("incomplete", HTMLElement).remove(); // hidden it would be shown where a style is missing
void load();

async function load() {
  const thisLoad = (newestLoad += 1);
  isLoading = true;
  View.showLoading(null);
  await Offline.change();
  try {
    network = await Engine.load(View.modelAddress, {
      onProgress: (progress) => {
        // When one file fails, the downloads beside it go on for a while.
        if (isLoading && thisLoad === newestLoad) View.showLoading(progress);
      },
      onNotice: View.showNotice,
    });
  } catch (error) {
    console.error("the network could not be loaded:", error);
    View.showLoadFailure(error instanceof Engine.Problem ? error : null, () => void load());
    return;
  } finally {
    isLoading = false;
  }
  View.showReady(network.card.bytes, network.backendName);
  void Offline.keep();
  kept?.(network);
  kept = null;
}

/** Do it now, or as soon as the network is there. @param {string} text what the page says until then  @param {(network: LoadedNetwork) => void} wish */
function whenLoaded(text, wish) {
  newestWish += 1;
  if (network) {
    wish(network);
    return;
  }
  kept = wish;
  View.showKept(text);
  if (!isLoading) void load();
}

/** @param {File[]} files one or more */
function take(files) {
  const [file] = files;
  if (!file) return;
  Batch.close();
  Pair.hide();
  if (files.length > 1) {
    Single.close();
    whenLoaded(Words.plural("waiting.kept-several", files.length), (loaded) => void Batch.run(files, loaded));
  } else {
    whenLoaded(Words.say("waiting.kept", { file: Words.visible(file.name) }), (loaded) => void Single.open(file, file.name, loaded));
  }
}

/** @param {string} address in the site  @param {string} name */
async function takeSample(address, name) {
  const wish = (newestWish += 1);
  try {
    const blob = await (await Bytes.fetch(address)).blob();
    if (wish === newestWish) take([new File([blob], name, { type: "image/png" })]);
  } catch (error) {
    console.error(`${address} could not be loaded:`, error);
    const why = location.protocol === "file:" ? "samples.problem-disk" : "samples.problem";
    View.showMessage(Words.say("samples.problem-title"), Words.say(why));
  }
}

/** Something was dropped or pasted that holds no file, such as text or a picture out of another page. */
function refuseNothing() {
  newestWish += 1;
  kept = null;
  Single.close();
  View.showProblem(Words.say("photo.nothing-title"), Words.say("photo.nothing"));
}

/** @param {number} index of a photo among several */
function openFromCollection(index) {
  const file = Batch.fileOf(index);
  const answered = Collection.get(index)?.answered;
  if (!file || !answered || !network) return;
  newestWish += 1;
  Collection.mark(index);
  void Single.open(file, file.name, network, { answered, framed: answered });
}

/** @param {number} key  @param {KeptAnswer} keptAnswer */
function openFromHistory(key, { answered, cutout }) {
  Batch.close();
  whenLoaded(Words.say("waiting.kept", { file: Words.visible(answered.name) }), (loaded) => {
    // What was kept is what was in the frame, so the frame is all of it.
    void Single.open(cutout, answered.name, loaded, { answered, framed: null, key });
  });
}

/** @param {AnsweredPhoto[]} answers of the first network  @param {"csv" | "json"} format */
function save(answers, format) {
  if (!network || answers.length === 0) return;
  const { card } = network;
  Export.save(answers.map((answered) => ({ answered, card })), format);
}

/** The one photo's answer, and what else the page shows of it. @param {"csv" | "json"} format */
function saveSingle(format) {
  const answered = Single.answered();
  if (network && answered) Export.save([{ answered, card: network.card }, ...Opinions.others()], format);
}

"use strict";
/** Wires the page: photos go from the view to the engine, answers go back. A newer photo always wins over an older one. */
const App = (() => {
  /** @type {LoadedNetwork | null} */
  let network = null;
  let isLoading = false;
  let newestLoad = 0;
  /** The photo that came before the network did. @type {File | null} */
  let keptPhoto = null;
  let newestJob = 0;

  function start() {
    const isComplete = [typeof Words, typeof Bytes, typeof Engine, typeof Offline, typeof Pixels, typeof Photo].every(
      (type) => type !== "undefined",
    );
    if (!isComplete) {
      View.showLoadFailure(true, null);
      return;
    }
    void load();
    View.listen({ photo: takePhoto, nothing: refuseNothing, retry: () => void load() });
  }

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
      View.showLoadFailure(false, error instanceof Engine.Problem ? error : null);
      return;
    } finally {
      isLoading = false;
    }
    View.showReady(network.card.bytes, network.backendName);
    void Offline.keep();
    if (keptPhoto) takePhoto(keptPhoto);
  }

  /** @param {File} file */
  function takePhoto(file) {
    newestJob += 1;
    if (network) {
      keptPhoto = null;
      void answerPhoto(file, network, newestJob);
      return;
    }
    keptPhoto = file;
    View.showKept(file.name);
    if (!isLoading) void load();
  }

  /** Something was dropped or pasted that holds no file, such as text or a picture out of another page. */
  function refuseNothing() {
    newestJob += 1;
    keptPhoto = null;
    View.showProblem(Words.say("photo.nothing-title"), Words.say("photo.nothing"));
  }

  /** @param {File} file  @param {LoadedNetwork} network  @param {number} job */
  async function answerPhoto(file, network, job) {
    const { card } = network;
    const isStale = () => job !== newestJob;
    /** @type {Picture | null} */
    let picture = null;
    View.showWorking();
    try {
      picture = await Photo.read(file, card);
      if (isStale()) return;
      const frame = Pixels.centredFrame(picture.width, picture.height, card.input.width_px, card.input.height_px);
      await View.showPhoto(file, picture, frame);
      if (isStale()) return;
      const pixels = await Pixels.shrink(picture, frame, card.input.width_px, card.input.height_px);
      if (isStale()) return;
      const probabilities = await network.classify(pixels);
      if (isStale()) return;
      View.showAnswer(card.classes.map((lesionClass) => ({ lesionClass, probability: probabilities[lesionClass.index] ?? NaN })));
    } catch (error) {
      if (isStale()) return;
      if (error instanceof Photo.Problem) {
        View.showProblem(Words.say("photo.problem-title"), Words.say(`photo.${error.code}`, error.values));
      } else {
        console.error(`${file.name} could not be answered:`, error);
        View.showProblem(Words.say("problem.device-title"), Words.say("problem.device"));
      }
    } finally {
      picture?.close();
    }
  }

  return Object.freeze({ start });
})();

App.start();

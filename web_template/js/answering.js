"use strict";
/** From what is in the frame to an answer: pixels, the network, and what may be said of its numbers. */
const Answering = (() => {
  /**
   * @param {{picture: Picture} & Framed} framed  @param {string} name of the photo  @param {LoadedNetwork} network
   * @returns {Promise<{answered: AnsweredPhoto, pixels: Uint8Array}>}
   */
  async function answer({ picture, quarters, frame }, name, network) {
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
      judgement: Judgement.of({ probabilities, scope, quality }, card),
      network: { name: card.name, version: card.version },
      answeredAt: new Date().toISOString(),
    });
    return { answered, pixels };
  }

  /** What went wrong with a photo, for the visitor. @param {unknown} error  @param {string} name  @returns {{title: string, text: string}} */
  function wordsFor(error, name) {
    if (error instanceof Photo.Problem) {
      return { title: Words.say("photo.problem-title"), text: Words.say(`photo.${error.code}`, error.values) };
    }
    console.error(`${name} could not be answered:`, error);
    return { title: Words.say("problem.device-title"), text: Words.say("problem.device") };
  }

  return Object.freeze({ answer, wordsFor });
})();

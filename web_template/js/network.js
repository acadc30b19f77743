"use strict";
/** Loads a network the build exported and classifies pixels with it. */
const Network = (() => {
  /**
   * @param {string} folder of the network, seen from the site, e.g. "model/cnn"
   * @param {object} [options]
   * @param {(progress: LoadProgress) => void} [options.onProgress] in unpacked bytes
   * @param {(card: Card) => void} [options.onCard] hears the card before the weights are there
   * @param {(reason: "full" | "forbidden") => void} [options.onNotKept] the weights cannot be kept on this device
   * @returns {Promise<LoadedNetwork>}
   */
  async function load(folder, { onProgress = () => {}, onCard = () => {}, onNotKept = () => {} } = {}) {
    const card = /** @type {Card} */ (await (await Bytes.fetch(`${folder}/card.json`)).json());
    onCard(card);
    const [files] = await Promise.all([Weights.load(folder, card, { onProgress, onNotKept }), Backend.prepare()]);
    const model = await tf.loadLayersModel({ load: async () => artifactsOf(files) });
    const classify = classifierOf(model, card);
    const backendName = await Backend.choose(card.self_test, classify);
    return Object.freeze({ card, backendName, classify, dispose: () => model.dispose() });
  }

  /**
   * What TensorFlow.js wants of a model's files.
   * @param {Map<string, ArrayBuffer>} files
   */
  function artifactsOf(files) {
    /** @param {string} path */
    const contentOf = (path) => {
      const content = files.get(path);
      if (!content) throw new Error(`The network's file ${path} is not in its card.`);
      return content;
    };
    const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(contentOf("model.json")));
    /** @type {{paths: string[], weights: import("@tensorflow/tfjs-core").io.WeightsManifestEntry[]}[]} */
    const groups = weightsManifest;
    return {
      modelTopology,
      weightSpecs: groups.flatMap((group) => group.weights),
      weightData: groups.flatMap((group) => group.paths.map(contentOf)),
    };
  }

  /**
   * @param {import("@tensorflow/tfjs-layers").LayersModel} model
   * @param {Card} card
   * @returns {LoadedNetwork["classify"]}
   */
  function classifierOf(model, card) {
    const { width_px, height_px } = card.input;
    return async (pixels) => {
      const output = tf.tidy(() => {
        const input = tf.tensor4d(Float32Array.from(pixels), [1, height_px, width_px, 3]); // 0..255
        return /** @type {import("@tensorflow/tfjs-core").Tensor} */ (model.predict(input));
      });
      try {
        return new Float32Array(await output.data()); // (classes,); a copy, as the backend may use its own again
      } finally {
        output.dispose();
      }
    };
  }

  return Object.freeze({ load });
})();

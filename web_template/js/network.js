"use strict";
/** Loads a network the build exported and classifies pixels with it. */
const Network = (() => {
  const AT_ONCE = 6; // downloads; what a browser allows one server anyway, and it bounds the memory of twins

  /**
   * @param {string} folder of the network, seen from the site, e.g. "model/cnn"
   * @param {object} [options]
   * @param {(progress: {loadedBytes: number, totalBytes: number}) => void} [options.onProgress] in unpacked bytes
   * @param {(card: Card) => void} [options.onCard] hears the card before the weights are there
   * @returns {Promise<LoadedNetwork>}
   */
  async function load(folder, { onProgress = () => {}, onCard = () => {} } = {}) {
    const card = /** @type {Card} */ (await (await Bytes.fetch(`${folder}/card.json`)).json());
    onCard(card);
    const [files] = await Promise.all([loadFiles(folder, card, onProgress), Backend.prepare()]);
    const model = await tf.loadLayersModel({ load: async () => artifactsOf(files) });
    const classify = classifierOf(model, card);
    const backendName = await Backend.choose(card.self_test, classify);
    return Object.freeze({ card, backendName, classify });
  }

  /**
   * @param {string} folder
   * @param {Card} card
   * @param {(progress: {loadedBytes: number, totalBytes: number}) => void} onProgress
   * @returns {Promise<Map<string, ArrayBuffer>>} by path
   */
  async function loadFiles(folder, card, onProgress) {
    /** @type {Map<string, ArrayBuffer>} */
    const files = new Map();
    /** @type {Map<string, number>} */
    const received = new Map();
    const report = () => {
      const loadedBytes = [...received.values()].reduce((sum, bytes) => sum + bytes, 0);
      onProgress({ loadedBytes, totalBytes: card.bytes });
    };
    report();
    const waiting = [...card.files];
    const loadNext = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        const { path, bytes } = file;
        const response = await Bytes.fetch(`${folder}/${path}`, {
          onBytes: (count) => {
            received.set(path, count);
            report();
          },
        });
        const content = await response.arrayBuffer();
        if (content.byteLength !== bytes) {
          throw new Error(`${path} has ${content.byteLength} bytes instead of ${bytes}. Reload the page.`);
        }
        files.set(path, content);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, loadNext));
    return files;
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

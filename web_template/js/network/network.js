/** Loads a network the build exported and classifies pixels with it. */

import * as Backend from "./backend.js";
import * as Ood from "./ood.js";
import { tf } from "./tensorflow.js";
import * as Weights from "./weights.js";
/** @import { Card } from "./cards.js" */
/** @import { LoadProgress } from "./engine.js" */
/** @import { Brought } from "./weights.js" */

/** @typedef {import("@tensorflow/tfjs-layers").LayersModel} LayersModel */
/** @typedef {LayersModel["layers"][number]} Layer */
/** @typedef {import("@tensorflow/tfjs-core").Tensor} Tensor */
/** @typedef {import("@tensorflow/tfjs-core").Tensor4D} Tensor4D */

/** scope: how unlike a lesion photo it is, above the card's threshold it is none. @typedef {{readonly probabilities: Float32Array, readonly scope: number}} Classification */
/** How much each place spoke for one class, 0-1, row by row over the network's input. @typedef {{readonly width: number, readonly height: number, readonly values: Float32Array}} HeatMap */
/**
 * A loaded network. Both methods take RGB bytes, row by row.
 * @typedef {object} LoadedNetwork
 * @property {Card} card
 * @property {string} backendName
 * @property {(pixels: Uint8Array) => Promise<Classification>} classify
 * @property {(pixels: Uint8Array, classIndex: number) => Promise<HeatMap>} explain
 * @property {() => void} dispose
 */

/**
 * @param {string} folder of the network, seen from the site, e.g. "model/cnn"
 * @param {object} [options]
 * @param {Pick<Brought, "card" | "files" | "fastest">} [options.brought] what was brought already
 * @param {(progress: LoadProgress) => void} [options.onProgress] in unpacked bytes
 * @param {(reason: "full" | "forbidden") => void} [options.onNotKept] the weights cannot be kept on this device
 * @returns {Promise<LoadedNetwork>}
 */
export async function load(folder, { brought, onProgress = () => {}, onNotKept = () => {} } = {}) {
  const [{ card, files, fastest }] = await Promise.all([
    brought ?? Weights.bring(folder, { onProgress, onNotKept }),
    Backend.prepare(),
  ]);
  const model = await tf.loadLayersModel({ load: async () => artifactsOf(files) });
  const classify = classifierOf(model, card);
  const backendName = await Backend.choose(card.self_test, classify, fastest);
  const explain = explainerOf(model, card);
  return Object.freeze({ card, backendName, classify, explain, dispose: () => model.dispose() });
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
 * One pass gives both the probabilities and what the first layers saw, from which `Ood` tells other pictures.
 * @param {LayersModel} model
 * @param {Card} card
 * @returns {LoadedNetwork["classify"]}
 */
function classifierOf(model, card) {
  const limits = card.judgement.scope;
  const whole = withOutputs(model, [model.layers[model.layers.length - 1].name, ...limits.layers]);
  return async (pixels) => {
    const outputs = tf.tidy(() => {
      const [probabilities, ...early] = outputsOf(whole, pixels, card);
      return [probabilities, ...early.map((layer, i) => tf.avgPool(layer, limits.cell_px[i], limits.cell_px[i], "valid"))];
    });
    const [probabilities, ...early] = await read(outputs);
    const cells = early.map((values, i) => ({ values, rows: outputs[i + 1].shape[1], columns: outputs[i + 1].shape[2] }));
    return { probabilities, scope: Ood.of(cells, limits) };
  };
}

/**
 * Grad-CAM, as builder/predict/grad_cam.py makes it. No gradient goes through a pooling: TensorFlow.js 4.22 computes that of max
 * pooling wrongly on WASM, without a word.
 * @param {LayersModel} model
 * @param {Card} card
 * @returns {LoadedNetwork["explain"]}
 */
function explainerOf(model, card) {
  const { features, logits } = card.explanation;
  const beginning = withOutputs(model, [features]);
  const through = (/** @type {Layer} */ layer, /** @type {Tensor} */ value) =>
    layer.getClassName() === "GlobalMaxPooling2D" ? highestOf(value) : /** @type {Tensor} */ (layer.apply(value));
  const names = model.layers.map((layer) => layer.name);
  const end = model.layers.slice(names.indexOf(features) + 1, names.indexOf(logits) + 1);
  return async (pixels, classIndex) => {
    const map = tf.tidy(() => {
      const [seen] = outputsOf(beginning, pixels, card);
      const logit = (/** @type {Tensor} */ start) => {
        const values = end.reduce((value, layer) => through(layer, value), start);
        return tf.sum(tf.mul(values, tf.oneHot([classIndex], card.classes.length)));
      };
      const weights = tf.sum(tf.grad(logit)(seen), [1, 2], true);
      return tf.relu(tf.sum(tf.mul(seen, weights), 3)); // (1, rows, columns)
    });
    const [values] = await read([map]);
    return overThePhoto(values, map.shape[1] ?? 0, map.shape[2] ?? 0, card);
  };
}

/**
 * The highest value of each channel. Where several places have it, as values that end at 6 may, each gets a share of the
 * gradient, as in Keras; TensorFlow.js gives each of them all of it.
 * @param {Tensor} values (1, rows, columns, channels)
 * @returns {Tensor}
 */
function highestOf(values) {
  return tf.customGrad((all, save) => {
    const highest = tf.max(/** @type {Tensor} */ (all), [1, 2], true);
    /** @type {import("@tensorflow/tfjs-core").GradSaveFunc} */ (save)([/** @type {Tensor} */ (all), highest]);
    const gradFunc = (/** @type {Tensor} */ given, /** @type {Tensor[]} */ [saved, most]) => {
      const isHighest = tf.cast(tf.equal(saved, most), "float32");
      return tf.mul(isHighest, tf.div(tf.reshape(given, most.shape), tf.sum(isHighest, [1, 2], true)));
    };
    return { value: tf.squeeze(highest, [1, 2]), gradFunc };
  })(values);
}

/** The same layers with other outputs. @param {LayersModel} model  @param {readonly string[]} layers */
function withOutputs(model, layers) {
  const outputs = layers.map((name) => /** @type {import("@tensorflow/tfjs-layers").SymbolicTensor} */ (model.getLayer(name).output));
  return tf.model({ inputs: model.inputs, outputs });
}

/**
 * Call it in tf.tidy.
 * @param {LayersModel} model
 * @param {Uint8Array} pixels
 * @param {Card} card
 * @returns {Tensor4D[]} as many as the model has outputs
 */
function outputsOf(model, pixels, card) {
  const input = tf.tensor4d(Float32Array.from(pixels), [1, card.input.height_px, card.input.width_px, 3]); // 0..255
  const outputs = model.apply(input); // `predict` does the same, dealing photos into batches and together again
  return /** @type {Tensor4D[]} */ (Array.isArray(outputs) ? outputs : [outputs]);
}

/**
 * Takes the numbers out of tensors and gives the tensors' memory back.
 * @param {Tensor[]} tensors
 * @returns {Promise<Float32Array[]>} copies, as a backend may use its own memory again
 */
async function read(tensors) {
  try {
    return (await Promise.all(tensors.map((tensor) => tensor.data()))).map((values) => new Float32Array(values));
  } finally {
    tf.dispose(tensors);
  }
}

/**
 * Draws the cells of the map over the pixels of the photo (bilinear), the highest as 1.
 * @param {Float32Array} cells
 * @param {number} rows
 * @param {number} columns
 * @param {Card} card
 * @returns {HeatMap}
 */
function overThePhoto(cells, rows, columns, { input, explanation }) {
  const { width_px: width, height_px: height } = input;
  const down = places(height, rows, explanation.top_px, explanation.step_px);
  const across = places(width, columns, explanation.left_px, explanation.step_px);
  const values = new Float32Array(width * height);
  down.forEach(({ low: row, share: lower }, y) => {
    across.forEach(({ low: column, share: right }, x) => {
      const i = row * columns + column;
      const below = Math.min(row + 1, rows - 1) * columns + column;
      const step = Math.min(column + 1, columns - 1) - column;
      const above = cells[i] * (1 - right) + cells[i + step] * right;
      values[y * width + x] = above * (1 - lower) + (cells[below] * (1 - right) + cells[below + step] * right) * lower;
    });
  });
  const highest = values.reduce((most, value) => Math.max(most, value), 0);
  return { width, height, values: highest > 0 ? values.map((value) => value / highest) : values };
}

/**
 * Between which cells the middle of each pixel lies.
 * @param {number} pixels
 * @param {number} cells
 * @param {number} start_px
 * @param {number} step_px
 */
function places(pixels, cells, start_px, step_px) {
  return Array.from({ length: pixels }, (_, pixel) => {
    const place = Math.min(Math.max((pixel + 0.5 - start_px) / step_px - 0.5, 0), cells - 1);
    const low = Math.floor(place);
    return { low, share: place - low };
  });
}

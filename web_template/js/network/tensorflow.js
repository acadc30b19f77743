/** TensorFlow.js, which its own scripts from vendor/ leave in a global, as do those of its backends. */

import * as Scripts from "../site/scripts.js";

const SCRIPTS = ["vendor/tf-core.es2017.min.js", "vendor/tf-layers.es2017.min.js"];

/**
 * @typedef {typeof import("@tensorflow/tfjs-core") & typeof import("@tensorflow/tfjs-layers")
 *   & {wasm: typeof import("@tensorflow/tfjs-backend-wasm")}} TensorFlow
 */

/** There once it is loaded. @type {TensorFlow} */
export let tf;

export async function load() {
  await Scripts.load(...SCRIPTS);
  tf = Reflect.get(globalThis, "tf");
}

/** Chooses what computes the network: the fastest backend that gives the right answers on this device. */

import * as Base64 from "../site/base64.js";
import * as Bytes from "../site/bytes.js";
import * as Scripts from "../site/scripts.js";
import { load as loadTensorFlow, tf } from "./tensorflow.js";
/** @import { SelfTest } from "./cards.js" */
/** @import { Classification } from "./network.js" */

/** @typedef {"wasm" | "webgl" | "cpu"} Name */
/** @typedef {(pixels: Uint8Array) => Promise<Classification>} Classify */

/** Why nothing on this device computes the network; the code is for whoever words it for the visitor. */
class Problem extends Error {
  /** @param {"no-backend" | "wrong-answers"} code  @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "Backend.Problem";
    this.code = code;
  }
}

/** @type {Name[]} */
const ALL = ["wasm", "webgl", "cpu"]; // likeliest first
const FAST_ENOUGH_MS = 50; // a photo: nobody would notice that another backend takes less
const LOOKED_FOR_EVERY_MS = 250; // whether the graphics card is still there
const FOLDER = "vendor/"; // of the scripts and the .wasm files, seen from the site

/**
 * The backends that hold memory. (tf.findBackend would start the one it is asked about.)
 * @type {Set<Name>}
 */
const started = new Set();
/** Backends that have failed after they were chosen. @type {Set<string>} */
const failed = new Set();
/** The only one to use, for as long as it works. @type {string | null} */
let preferred = null;

/** @param {string | null} name null: whichever is best */
export function prefer(name) {
  preferred = name;
}

/**
 * Makes TensorFlow.js ready to hold a network. Call it once, before the network is loaded.
 * @returns {Promise<Name>} the backend that will hold it at first
 */
export async function prepare() {
  await loadTensorFlow();
  for (const name of candidates()) {
    if (await start(name)) return name;
  }
  throw new Problem("no-backend", "This browser can run the network in no way this page knows. A newer browser can.");
}

/**
 * Settles on the fastest backend that passes the self-test; the others are thrown away. Which is the fastest is
 * measured once: the next time the same one is proven, and no other is started.
 * @param {SelfTest} selfTest
 * @param {Classify} classify
 * @param {string | undefined} fastest what this device was found to be fastest with
 * @returns {Promise<Name>}
 */
export async function choose(selfTest, classify, fastest) {
  /** @type {{name: Name, milliseconds: number}[]} */
  const passed = [];
  for (const name of candidates().sort((a, b) => Number(b === fastest) - Number(a === fastest))) {
    if (passed.length > 0 && !(await mayBeFaster(name, passed[0], fastest))) continue;
    if (!(await start(name))) continue;
    const milliseconds = await measure(selfTest, classify);
    if (milliseconds !== undefined) passed.push({ name, milliseconds });
  }
  const best = passed.sort((a, b) => a.milliseconds - b.milliseconds)[0];
  if (!best) {
    throw new Problem("wrong-answers", "This device does not compute the network correctly, so this page gives no answer on it.");
  }
  if (started.size === 1) return best.name;
  await tf.setBackend(best.name);
  await classify(pixelsOf(selfTest.vectors[0])); // brings the weights back from whichever backend had them last
  for (const name of [...started]) {
    if (name !== best.name) stop(name);
  }
  return best.name;
}

/**
 * Whether a backend is worth its start where another one gives the right answers.
 * @param {Name} name
 * @param {{name: Name, milliseconds: number}} other
 * @param {string | undefined} fastest
 */
async function mayBeFaster(name, other, fastest) {
  if (other.name === fastest || other.milliseconds <= FAST_ENOUGH_MS) return false;
  if (name === "cpu") return false; // 20 times slower than WASM: only when nothing else is right
  // A graphics card played by the processor takes 2 s a photo and freezes the page meanwhile.
  if (name === "webgl" && isSoftwareRenderer()) return false;
  return arrived(name).catch(() => false);
}

/**
 * Whether the backend's script is here; where it is not, another backend may do. A lost connection is an error: what
 * was lost is worth a second try.
 * @param {Name} name
 */
async function arrived(name) {
  try {
    await Scripts.load(scriptOf(name));
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    console.info(`The ${name} backend could not be loaded:`, error);
  }
  return tf.findBackendFactory(name) !== null;
}

/** @param {unknown} error */
function isConnectionLost(error) {
  return error instanceof Bytes.Problem && error.code === "connection-lost";
}

/** @param {Name} name */
function scriptOf(name) {
  return `${FOLDER}tf-backend-${name}.es2017.min.js`;
}

/** The chosen backend is not to be used again. The network on it is lost: load it anew. */
export function giveUp() {
  const name = /** @type {Name} */ (tf.getBackend());
  const gpgpu = webgl();
  if (gpgpu) Object.assign(gpgpu, { itemsToPoll: [] }); // or it would ask the lost card for its answers for ever
  failed.add(name);
  stop(name);
}

/** Gives a backend's memory back. It can be started again. @param {Name} name */
function stop(name) {
  const factory = tf.findBackendFactory(name);
  try {
    tf.removeBackend(name);
  } catch (error) {
    console.info(`The ${name} backend did not go quietly:`, error); // its graphics card is gone
  }
  tf.registerBackend(name, factory);
  started.delete(name);
}

/** Whether the graphics card was taken away: what it answers from then on is nothing, or no answer at all. */
export function isLost() {
  return webgl()?.gl.isContextLost() ?? false;
}

function webgl() {
  if (tf.getBackend() !== "webgl") return null;
  return /** @type {import("@tensorflow/tfjs-backend-webgl").MathBackendWebGL} */ (tf.backend()).gpgpu;
}

/**
 * An answer of the network, or an error if the graphics card is taken away, for which TensorFlow.js would wait for ever.
 * @template A
 * @param {Promise<A>} answer
 * @returns {Promise<A>}
 */
export async function guard(answer) {
  if (!webgl()) return answer;
  let timer;
  const loss = new Promise((_, reject) => {
    const look = () => isLost() && reject(new Error("The graphics card was taken away."));
    timer = setInterval(look, LOOKED_FOR_EVERY_MS);
  });
  try {
    const given = await /** @type {Promise<A>} */ (Promise.race([answer, loss]));
    if (isLost()) throw new Error("The graphics card was taken away.");
    return given;
  } finally {
    clearInterval(timer);
  }
}

/**
 * The backends to try.
 * @returns {Name[]}
 */
function candidates() {
  const working = ALL.filter((name) => !failed.has(name));
  const only = working.filter((name) => name === preferred);
  return only.length > 0 ? only : working;
}

/** @param {Name} name */
async function start(name) {
  if (started.has(name)) return tf.setBackend(name);
  if (!(await arrived(name))) return false;
  if (name === "webgl") tf.env().set("WEBGL_FORCE_F16_TEXTURES", false);
  if (name === "wasm" && !(await provideWasm())) return false;
  try {
    if (!(await tf.setBackend(name))) return false;
  } catch (error) {
    // Not to be had on this device: the next candidate is tried.
    console.info(`The ${name} backend is not available:`, error);
    return false;
  }
  started.add(name);
  return true;
}

/**
 * Lets TensorFlow.js find its .wasm file, which comes through our seam: so it loads from disk too, the page's policy
 * need not allow blob addresses, and a lost connection is an error.
 * @returns {Promise<boolean>} whether this browser takes it
 */
async function provideWasm() {
  if (typeof WebAssembly === "undefined") return false; // e.g. an iPhone in Lockdown Mode
  // Threads need headers that a static host does not send, and a worker that the page's policy forbids.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  try {
    const response = await Bytes.fetch(`${FOLDER}tfjs-backend-wasm${simd ? "-simd" : ""}.wasm`);
    // To see whether it can be compiled, and may: where not, TensorFlow.js would wait for ever.
    await WebAssembly.compile(await response.clone().arrayBuffer());
    tf.env().platform.fetch = async () => response.clone();
    tf.wasm.setWasmPaths(FOLDER, true); // true: through platform.fetch
    return true;
  } catch (error) {
    if (isConnectionLost(error)) throw error;
    console.info("The wasm backend is not available:", error);
    return false;
  }
}

/**
 * @param {SelfTest} selfTest
 * @param {Classify} classify
 * @returns {Promise<number | undefined>} milliseconds a photo, or nothing if an answer is wrong
 */
async function measure(selfTest, classify) {
  let fastest = Infinity; // the first run is the slowest: shaders are compiled, memory is taken
  for (const vector of selfTest.vectors) {
    const begin = performance.now();
    let answer;
    try {
      answer = await guard(classify(pixelsOf(vector)));
    } catch (error) {
      console.info(`The ${tf.getBackend()} backend failed:`, error); // e.g. out of graphics memory
      return undefined;
    }
    fastest = Math.min(fastest, performance.now() - begin);
    const { probabilities, scope } = answer;
    const worst = Math.max(...vector.probabilities.map((value, i) => Math.abs(value - probabilities[i])));
    const oodError = Math.abs(vector.scope - scope);
    // Written so that NaN fails too: that is what an overflow in 16-bit textures gives.
    if (!(worst <= selfTest.tolerance && oodError <= selfTest.scope_tolerance)) {
      console.info(`The ${tf.getBackend()} backend is off by ${worst}, and by ${oodError} in the OOD score.`);
      return undefined;
    }
  }
  return fastest;
}

/**
 * Whether the chosen backend still gives the right answers.
 * @param {SelfTest} selfTest
 * @param {Classify} classify
 */
export async function passes(selfTest, classify) {
  return (await measure(selfTest, classify)) !== undefined;
}

/** @param {SelfTest["vectors"][number]} vector */
function pixelsOf(vector) {
  return Base64.decode(vector.pixels);
}

function isSoftwareRenderer() {
  const canvas = typeof document === "undefined" ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
  const gl = /** @type {WebGL2RenderingContext | null} */ (canvas.getContext("webgl2"));
  if (!gl) return true;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|basic render|software/i.test(renderer);
}

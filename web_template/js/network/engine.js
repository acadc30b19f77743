/**
 * The page's door to a network, wherever it runs: over http in a worker, so that the page never freezes; from disk,
 * where browsers let no worker read the site's files, on the page. The same modules run it in both.
 */

import * as Bytes from "../site/bytes.js";
import * as Scripts from "../site/scripts.js";
import * as Site from "../site/site.js";
import * as Trusted from "../site/trusted.js";
import * as Cards from "./cards.js";
import * as Runner from "./runner.js";
import * as Weights from "./weights.js";
/** @import { Card } from "./cards.js" */
/** @import { LoadedNetwork } from "./network.js" */

/**
 * `secondsLeft` is null while the speed says little; `isWaiting`: the connection is lost, and will be tried again.
 * @typedef {{readonly loadedBytes: number, readonly totalBytes: number, readonly secondsLeft: number | null, readonly isWaiting: boolean}} LoadProgress
 */
/**
 * Something a visitor may like to know, with nothing to do about it; the page has the words.
 * @typedef {{readonly code: "not-kept" | "backend-failed" | "worker-failed", readonly values: Readonly<Record<string, string>>}} Notice
 */
/** @typedef {{readonly progress?: LoadProgress, readonly notice?: Notice}} EngineEvent */
/** @typedef {"prepare" | "load" | "classify" | "explain"} EngineAction */
/**
 * What is left of an error that comes out of a worker.
 * @typedef {{readonly message: string, readonly code?: string | null, readonly values?: Record<string, string | number>}} ProblemFacts
 */
/**
 * Where a network runs: a worker, or the page.
 * @typedef {object} Host
 * @property {string} backendName
 * @property {(action: EngineAction, values: unknown[], hear: (event: EngineEvent) => void, transferred?: ArrayBuffer[]) => Promise<any>} ask
 * @property {() => void} end
 */

const WORKER = "js/worker.js";
// What the worker asks for as a rule.
const COMPUTING = [
  "vendor/tf-core.es2017.min.js",
  "vendor/tf-layers.es2017.min.js",
  "vendor/tf-backend-wasm.es2017.min.js",
  "vendor/tfjs-backend-wasm-simd.wasm",
];

/** Why a network cannot be loaded or asked. `code` and `values` are for whoever words it for the visitor. */
export class Problem extends Error {
  /** @param {ProblemFacts} facts */
  constructor({ message, code = null, values = {} }) {
    super(message);
    this.name = "Engine.Problem";
    this.code = code;
    this.values = values;
  }
}

/** The worker never began, or has died; the page can do its work. */
class WorkerLost extends Error {}

/**
 * Where each network runs. A second try at loading finds the first one's place, and goes on from what is there.
 * @type {Map<string, Host>}
 */
const hosts = new Map();
const isWorkerPossible = location.protocol !== "file:" && typeof Worker !== "undefined";
/** @type {Promise<string> | null} */
let ahead = null;

/**
 * @param {string} modelAddress where the network lies, relative to the site
 * @param {object} [listeners]
 * @param {(progress: LoadProgress) => void} [listeners.onProgress]
 * @param {(notice: Notice) => void} [listeners.onNotice] hears what a visitor may like to know, with nothing to do
 * @returns {Promise<LoadedNetwork>} throws an Engine.Problem, as its methods do
 */
export async function load(modelAddress, { onProgress = () => {}, onNotice = () => {} } = {}) {
  const folder = new URL(modelAddress, Site.root).href;
  const backend = new URLSearchParams(location.search).get("backend");
  /** @type {(event: EngineEvent) => void} */
  const hear = ({ progress, notice }) => {
    if (progress) onProgress(progress);
    if (notice) onNotice(notice);
  };

  /** @type {Promise<Card> | null} */
  let move = null;
  /** The worker's work goes to the page: once, however many questions were lost with it. */
  const moveToPage = () =>
    (move ??= (async () => {
      onNotice({ code: "worker-failed", values: {} });
      const host = onPage();
      hosts.set(folder, host);
      return host.ask("load", [folder, backend], hear);
    })());

  const starting = hostFor(folder, backend);
  starting.catch(() => {}); // its failure is told where it is waited for
  const notKept = (/** @type {string} */ reason) => onNotice({ code: "not-kept", values: { reason } });
  const onCard = (/** @type {Card} */ card) => accept(card, modelAddress);
  const { card, files, fastest, noteFastest } = await orProblem(() => Weights.bring(folder, { onProgress, onNotKept: notKept, onCard }));
  const first = await starting;
  const brought = { card, files, fastest };
  await Promise.all([
    first.ask("load", [folder, backend, brought], hear, [...files.values()]).catch(ifWorkerLost(moveToPage)),
    orProblem(Scripts.check), // not before: nothing is to be in the weights' way
  ]);
  const chosen = hostOf(folder).backendName;
  if (chosen !== fastest && backend === null) noteFastest(chosen);

  /** @type {(action: EngineAction, ...values: unknown[]) => Promise<any>} */
  const ask = async (action, ...values) => {
    const again = async () => {
      await moveToPage();
      return hostOf(folder).ask(action, values, hear);
    };
    return hostOf(folder).ask(action, values, hear).catch(ifWorkerLost(again));
  };
  return Object.freeze({
    card,
    get backendName() {
      return hosts.get(folder)?.backendName ?? "";
    },
    /** @type {LoadedNetwork["classify"]} */
    classify: (pixels) => ask("classify", pixels),
    /** @type {LoadedNetwork["explain"]} */
    explain: (pixels, classIndex) => ask("explain", pixels, classIndex),
    dispose() {
      hosts.get(folder)?.end();
      hosts.delete(folder);
    },
  });
}

/** Nothing is answered by a card that is not sound. @param {Card} card  @param {string} modelAddress */
function accept(card, modelAddress) {
  const problem = Cards.problem(card, { name: modelAddress.slice(modelAddress.lastIndexOf("/") + 1), classes: Site.facts?.classes });
  if (problem) throw new Bytes.Problem("unsound", `The card of ${modelAddress}: ${problem}.`, { file: "card.json" });
}

/** @param {string} folder */
function hostOf(folder) {
  const host = hosts.get(folder);
  if (!host) throw new Problem({ message: "This network was put away." });
  return host;
}

/** @param {() => Promise<any>} then */
function ifWorkerLost(then) {
  return (/** @type {unknown} */ error) => {
    if (!(error instanceof WorkerLost)) throw error;
    console.info("The network now runs on the page:", error.message);
    return then();
  };
}

/**
 * Where the network will run, which makes itself ready while the files are brought.
 * @param {string} folder
 * @param {string | null} backend
 */
async function hostFor(folder, backend) {
  const host = hosts.get(folder) ?? (await start());
  hosts.set(folder, host);
  host.ask("prepare", [backend], () => {}).catch(() => {}); // what fails now fails again when it is loaded, and is told
  return host;
}

/** @returns {Promise<Host>} */
async function start() {
  if (!isWorkerPossible) return onPage();
  return inWorker(await orProblem(fetchAhead));
}

/**
 * Brings the worker's script and, behind it, into the browser's own cache, what that will ask for. Side by side, which
 * importScripts cannot; and it cannot tell a lost connection from a script that fails.
 * @returns {Promise<string>} the worker's script
 */
function fetchAhead() {
  if (!ahead) {
    ahead = Bytes.fetch(WORKER).then((script) => script.text());
    ahead.catch(() => (ahead = null)); // to be tried again; whoever waits for it is told
    for (const file of COMPUTING) void Bytes.fetch(file, { priority: "low" }).catch(() => {}); // whoever needs it asks again
  }
  return ahead;
}

/**
 * A worker from the site's address would go by the policy in its own response's headers, and a static host sends none:
 * it could send a photo anywhere. From a blob it inherits this page's policy. It may start no worker of its own.
 * @param {string} script
 * @returns {Host}
 */
function inWorker(script) {
  const source = `"use strict";
    self.siteRoot = ${JSON.stringify(Site.root)};
    self.siteFacts = ${JSON.stringify(Site.facts)};
    for (const name of ["Worker", "SharedWorker"]) Object.defineProperty(self, name, { value: undefined });
    ${script}`;
  const blob = Trusted.blob(source);
  const worker = new Worker(blob.address);
  /** @type {Map<number, {hear: (event: EngineEvent) => void, resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  const asked = new Map();
  let count = 0;
  let isLost = false;
  let backendName = "";

  worker.addEventListener("message", ({ data }) => {
    const { id, event, answer, problem } = data;
    const question = asked.get(id);
    if (event) {
      question?.hear(event);
      return;
    }
    asked.delete(id);
    backendName = data.backendName ?? backendName;
    if (problem) question?.reject(new Problem(problem));
    else question?.resolve(answer);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    isLost = true;
    worker.terminate();
    for (const { reject } of asked.values()) reject(new WorkerLost(event.message || "it could not be started"));
    asked.clear();
  });
  return {
    get backendName() {
      return backendName;
    },
    ask(action, values, hear, transferred = []) {
      return new Promise((resolve, reject) => {
        if (isLost) {
          reject(new WorkerLost("it has died before"));
          return;
        }
        asked.set((count += 1), { hear, resolve, reject });
        worker.postMessage({ id: count, action, values }, transferred);
      });
    },
    end() {
      worker.terminate();
      blob.forget();
    },
  };
}

/** @returns {Host} */
function onPage() {
  const place = new Runner.Place();
  return {
    get backendName() {
      return place.backendName;
    },
    ask: (action, values, hear) => orProblem(() => place.run(action, values, hear)),
    end: () => {},
  };
}

/**
 * @template A
 * @param {() => Promise<A>} question
 * @returns {Promise<A>}
 */
async function orProblem(question) {
  try {
    return await question();
  } catch (error) {
    throw new Problem(/** @type {ProblemFacts} */ (error));
  }
}

if (isWorkerPossible) void fetchAhead();
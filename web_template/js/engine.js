"use strict";
/**
 * The page's door to a network, wherever it runs: over http in a worker, so that the page never freezes; from disk,
 * where browsers let no worker read the site's files, on the page. It is the same scripts that run it, loaded only there.
 */
const Engine = (() => {
  const SCRIPTS = [
    "js/store.js",
    "js/weights.js",
    "vendor/tf-core.es2017.min.js",
    "vendor/tf-layers.es2017.min.js",
    "vendor/tf-backend-cpu.es2017.min.js",
    "vendor/tf-backend-webgl.es2017.min.js",
    "vendor/tf-backend-wasm.es2017.min.js",
    "js/backend.js",
    "js/scope.js",
    "js/network.js",
    "js/runner.js",
  ];
  const WORKER_SCRIPTS = ["js/bytes.js", ...SCRIPTS, "js/worker.js"];

  /** Why a network cannot be loaded or asked. `code` and `values` are for whoever words it for the visitor. */
  class Problem extends Error {
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
  /** Scripts that were added to this page. @type {Map<string, Promise<void>>} */
  const onThisPage = new Map();

  /**
   * @param {string} modelAddress where the network lies, relative to the site
   * @param {object} [listeners]
   * @param {(progress: LoadProgress) => void} [listeners.onProgress]
   * @param {(notice: Notice) => void} [listeners.onNotice] hears what a visitor may like to know, with nothing to do
   * @returns {Promise<LoadedNetwork>} throws an Engine.Problem, as its methods do
   */
  async function load(modelAddress, { onProgress = () => {}, onNotice = () => {} } = {}) {
    const folder = new URL(modelAddress, Bytes.root).href;
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
        const host = await onPage();
        hosts.set(folder, host);
        return host.ask("load", [folder, backend], hear);
      })());

    const first = hosts.get(folder) ?? (await start());
    hosts.set(folder, first);
    const card = await first.ask("load", [folder, backend], hear).catch(ifWorkerLost(moveToPage));

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

  /** @returns {Promise<Host>} */
  async function start() {
    if (location.protocol === "file:" || typeof Worker === "undefined") return onPage();
    // Side by side, which importScripts cannot; and it cannot tell a lost connection from a script that fails.
    await orProblem(() => Promise.all(WORKER_SCRIPTS.map((script) => Bytes.fetch(script))));
    return inWorker();
  }

  /**
   * A worker from the site's address would go by the policy in its own response's headers, and a static host sends none:
   * it could send a photo anywhere. From a blob it inherits this page's policy. It may start no worker of its own.
   * @returns {Host}
   */
  function inWorker() {
    const scripts = WORKER_SCRIPTS.map((script) => JSON.stringify(`${Bytes.root}${script}`));
    const source = `const siteRoot = ${JSON.stringify(Bytes.root)};
      for (const name of ["Worker", "SharedWorker"]) Object.defineProperty(self, name, { value: undefined });
      importScripts(${scripts.join(", ")});`;
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(address);
    /** @type {Map<number, {hear: (event: EngineEvent) => void, resolve: (answer: any) => void, reject: (error: Error) => void}>} */
    const asked = new Map();
    let count = 0;
    let isLost = false;
    let backendName = "";
    /** Hears what comes of a loading that is over: files are still being kept behind it. @type {(event: EngineEvent) => void} */
    let hearAfterLoading = () => {};

    worker.addEventListener("message", ({ data }) => {
      const { id, event, answer, problem } = data;
      const question = asked.get(id);
      if (event) {
        (question?.hear ?? hearAfterLoading)(event);
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
      ask(action, values, hear) {
        return new Promise((resolve, reject) => {
          if (isLost) {
            reject(new WorkerLost("it has died before"));
            return;
          }
          asked.set((count += 1), { hear, resolve, reject });
          if (action === "load") hearAfterLoading = hear;
          worker.postMessage({ id: count, action, values });
        });
      },
      end() {
        worker.terminate();
        URL.revokeObjectURL(address);
      },
    };
  }

  /** @returns {Promise<Host>} */
  async function onPage() {
    for (const script of SCRIPTS) await append(script);
    const place = new Runner.Place();
    return {
      get backendName() {
        return place.backendName;
      },
      ask: (action, values, hear) => orProblem(() => place.run(action, values, hear)),
      end: () => {},
    };
  }

  /** @param {string} script */
  function append(script) {
    const there = onThisPage.get(script);
    if (there) return there;
    const element = document.createElement("script");
    element.src = `${Bytes.root}${script}`;
    /** @type {Promise<void>} */
    const loaded = new Promise((resolve, reject) => {
      element.onload = () => {
        element.remove();
        resolve();
      };
      element.onerror = () => {
        element.remove();
        onThisPage.delete(script); // a second try may find it
        reject(new Problem({ message: `A file of this page is missing: ${script}.`, code: "missing", values: { file: script } }));
      };
    });
    onThisPage.set(script, loaded);
    document.head.append(element);
    return loaded;
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

  return Object.freeze({ load, Problem });
})();

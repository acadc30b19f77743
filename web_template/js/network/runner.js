/** Keeps one network answering: when what computes it fails, the next backend takes over. The same in worker and page. */

import * as Backend from "./backend.js";
import * as Network from "./network.js";
/** @import { Card } from "./cards.js" */
/** @import { EngineAction, EngineEvent } from "./engine.js" */
/** @import { LoadedNetwork } from "./network.js" */
/** @import { Brought } from "./weights.js" */

/** A place for one network; `run` does what `Engine` asks for, one thing after the other. */
export class Place {
  /** @type {LoadedNetwork | null} */
  #network = null;
  #folder = "";
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  get backendName() {
    return this.#network?.backendName ?? "";
  }

  /**
   * @param {EngineAction} action
   * @param {any[]} values
   * @param {(event: EngineEvent) => void} hear
   * @returns {Promise<any>}
   */
  run(action, values, hear) {
    // In turn: a backend is not replaced under another answer's feet.
    const done = this.#last.then(() => {
      if (action === "prepare") return this.#prepare(values[0]);
      if (action === "load") return this.#load(values[0], values[1], values[2], hear);
      return this.#ask(action, values, hear);
    });
    this.#last = done.catch(() => {});
    return done;
  }

  /** While the network is still on its way. @param {string | null} backend the only one to use, for as long as it works */
  #prepare(backend) {
    Backend.prefer(backend);
    return Backend.prepare();
  }

  /**
   * @param {string} folder the network's whole address
   * @param {string | null} backend the only one to use, for as long as it works
   * @param {Brought | undefined} brought what was brought already
   * @param {(event: EngineEvent) => void} hear
   * @returns {Promise<Card>}
   */
  async #load(folder, backend, brought, hear) {
    Backend.prefer(backend);
    this.#folder = folder;
    this.#network = await Network.load(folder, {
      brought,
      onProgress: (progress) => hear({ progress }),
      onNotKept: (reason) => hear({ notice: { code: "not-kept", values: { reason } } }),
    });
    return this.#network.card;
  }

  /**
   * @param {"classify" | "explain"} action
   * @param {any[]} values
   * @param {(event: EngineEvent) => void} hear
   * @returns {Promise<any>}
   */
  async #ask(action, values, hear) {
    const network = this.#network;
    if (!network) throw new Error("no network is loaded");
    try {
      return await Backend.guard(/** @type {(...values: any[]) => Promise<any>} */ (network[action])(...values));
    } catch (error) {
      // The question may be at fault: then the network still passes its own test.
      if (!Backend.isLost() && (await Backend.passes(network.card.self_test, network.classify))) throw error;
      console.info("The network could not answer:", error);
    }
    hear({ notice: { code: "backend-failed", values: { backend: network.backendName } } });
    network.dispose();
    Backend.giveUp();
    // The weights may have been in the lost graphics card alone: they come again, from this device as a rule.
    this.#network = await Network.load(this.#folder);
    return this.#ask(action, values, hear);
  }
}

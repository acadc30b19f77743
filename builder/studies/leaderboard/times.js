/** Times networks in this browser, each with the very modules by which the site's page answers. */

import * as Backend from "../../../web_template/js/network/backend.js";
import * as Network from "../../../web_template/js/network/network.js";
import * as Base64 from "../../../web_template/js/site/base64.js";
/** @import { LoadedNetwork } from "../../../web_template/js/network/network.js" */

/** @type {LoadedNetwork[]} */
const networks = [];

/** @param {string} name  @param {string} backend the only one to use */
async function load(name, backend) {
  Backend.prefer(backend);
  const network = await Network.load(`model/${name}`); // which proves its answers
  if (network.backendName !== backend) throw new Error(`${name} is computed by ${network.backendName}`);
  networks.push(network);
}

/**
 * One photo through each network. Another one begins each time, so that none always comes after the same other.
 * @param {number} number of the round
 * @returns {Promise<number[]>} milliseconds, in the order in which the networks were loaded
 */
async function round(number) {
  /** @type {number[]} */
  const milliseconds = [];
  for (let turn = 0; turn < networks.length; turn++) {
    const place = (number + turn) % networks.length;
    const { card, classify } = networks[place];
    const pixels = Base64.decode(card.self_test.vectors[number % card.self_test.vectors.length].pixels);
    const began = performance.now();
    await classify(pixels);
    milliseconds[place] = performance.now() - began;
  }
  return milliseconds;
}

Object.assign(globalThis, { Times: Object.freeze({ load, round }) });

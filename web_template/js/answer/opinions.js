/**
 * What the site's other networks say of the photo that the first one has answered, beside its answer.
 *
 * One is fetched when the visitor asks for it, or by itself where the line is fast and not metered. Once it is there, it
 * is asked about every photo.
 */

import * as Engine from "../network/engine.js";
import * as Parts from "../page/parts.js";
import * as View from "../page/view.js";
import * as Words from "../page/words.js";
/** @import { LoadProgress } from "../network/engine.js" */
/** @import { LoadedNetwork } from "../network/network.js" */
/** @import { AnsweredPhoto, CardedAnswer } from "./answering.js" */

/**
 * What the page knows of a network before it is here, and how well it did on the test photos; null: not measured.
 * @typedef {{readonly name: string, readonly address: string, readonly bytes: number, readonly right_of_100: number | null, readonly melanomas_of_100: number | null}} KnownNetwork
 */

const FAST_MBIT = 10; // as much as a browser says of a line's speed at most
const networks = known();

const section = document.getElementById("opinions");
/** Those that are here, in the order in which they came. @type {Map<KnownNetwork, LoadedNetwork>} */
const here = new Map();
/** @type {{first: AnsweredPhoto, answerOf: (network: LoadedNetwork) => Promise<AnsweredPhoto>} | null} */
let asked = null;
/** @type {CardedAnswer[]} */
let told = [];
let isFetching = false;

/** @returns {KnownNetwork[]} the first one answers first */
function known() {
  return JSON.parse(Parts.byId("networks", HTMLElement).textContent ?? "[]");
}

/** The next network that could be asked. */
function next() {
  return networks.slice(1).find((network) => !here.has(network));
}

export function listen() {
  if (!section) return;
  Parts.byId("opinions-ask", HTMLButtonElement).addEventListener("click", () => {
    const network = next();
    if (network) void fetch(network);
  });
}

/**
 * A photo has its first answer; the others may be asked about it.
 * @param {AnsweredPhoto} first
 * @param {(network: LoadedNetwork) => Promise<AnsweredPhoto>} answerOf
 */
export async function offer(first, answerOf) {
  if (!section) return;
  const own = { first, answerOf };
  asked = own;
  told = [];
  section.hidden = first.judgement.verdict === "not-a-lesion"; // no network has anything to say of it
  showTable([]);
  if (section.hidden) return;
  showOffer();
  const network = next();
  if (here.size > 0) await ask(own);
  else if (network && isFreeAndFast()) await fetch(network);
}

/** What the other networks have said of the photo on the page. */
export function others() {
  return told;
}

/** The photo is gone. */
export function clear() {
  asked = null;
  told = [];
  if (section) section.hidden = true;
}

/** Only where the browser says so: over a slow or a metered line, bytes cost somebody something. */
function isFreeAndFast() {
  const { connection } = /** @type {{connection?: {saveData: boolean, downlink: number, type?: string}}} */ (navigator);
  if (!connection || location.protocol === "file:") return false; // from disk, it would stop the page for a moment
  return !connection.saveData && connection.type !== "cellular" && connection.downlink >= FAST_MBIT;
}

/** @param {KnownNetwork} network */
async function fetch(network) {
  if (isFetching) return;
  isFetching = true;
  Parts.byId("opinions-ask", HTMLButtonElement).hidden = true;
  say(Words.say("opinions.loading", { percent: Words.percent(0) }));
  try {
    const loaded = await Engine.load(network.address, { onProgress: showProgress, onNotice: View.showNotice });
    here.set(network, loaded);
  } catch (error) {
    console.error(`${network.address} could not be loaded:`, error);
  }
  isFetching = false;
  showOffer();
  if (!here.has(network)) say(Words.say("opinions.failed"));
  else if (asked) await ask(asked);
}

/** @param {LoadProgress} progress */
function showProgress({ loadedBytes, totalBytes }) {
  const percent = Words.percent(totalBytes > 0 ? Math.floor((20 * loadedBytes) / totalBytes) / 20 : 0); // said aloud
  say(Words.say("opinions.loading", { percent }));
}

/** @param {NonNullable<typeof asked>} own a newer photo's answer is not kept waiting by an older one's */
async function ask(own) {
  try {
    const answers = [];
    for (const network of here.values()) answers.push({ answered: await own.answerOf(network), card: network.card });
    if (own !== asked) return;
    told = answers;
    showTable([own.first, ...answers.map(({ answered }) => answered)]);
  } catch (error) {
    console.error("no second opinion:", error);
    if (own === asked) say(Words.say("opinions.failed"));
  }
}

function showOffer() {
  const network = next();
  const button = Parts.byId("opinions-ask", HTMLButtonElement);
  if (document.activeElement === button && !network) section?.focus();
  button.hidden = !network || isFetching;
  if (!network) return;
  const size = Math.max(1, Math.round(network.bytes / 1e6));
  button.textContent = Words.say("opinions.ask", { size });
  if (!isFetching) say(Words.say("opinions.offer"));
}

/** @param {string} text */
function say(text) {
  Parts.byId("opinions-text", HTMLElement).textContent = text;
}

/** @param {AnsweredPhoto[]} answers the first network's first; none: there is no table yet */
function showTable(answers) {
  const [first, ...further] = answers;
  Parts.byId("opinions-place", HTMLElement).hidden = !first;
  if (!first) return;
  const whose = [networks[0], ...here.keys()];
  const heads = whose.map((network, i) => {
    const head = Parts.cell("th", Words.say(i === 0 ? "opinions.first" : "opinions.other", { name: network?.name ?? "" }));
    head.setAttribute("scope", "col");
    return head;
  });
  fill("opinions-networks", heads);
  fill("opinions-quality", whose.map((network) => Parts.cell("td", qualityOf(network))));
  const order = View.codes.map((code, index) => ({ code, index }));
  order.sort((a, b) => (first.probabilities[b.index] ?? 0) - (first.probabilities[a.index] ?? 0));
  Parts.byId("opinions-kinds", HTMLElement).replaceChildren(...order.map(({ code, index }) => kindRow(code, index, answers)));
  const agree = further.every(({ likeliest }) => likeliest === first.likeliest);
  const name = Words.say(`kind.${first.likeliest}.inline`);
  say(Words.say(agree ? "opinions.agree" : "opinions.differ", { name }));
}

/** @param {string} code  @param {number} index  @param {AnsweredPhoto[]} answers */
function kindRow(code, index, answers) {
  const row = document.createElement("tr");
  const head = Parts.cell("th", Words.say(`kind.${code}.name`));
  head.setAttribute("scope", "row");
  row.append(head);
  for (const { probabilities, likeliest } of answers) {
    const share = Parts.cell("td", Words.percent(probabilities[index] ?? NaN));
    share.classList.toggle("opinions__likeliest", code === likeliest);
    share.dataset.share = String(probabilities[index]);
    row.append(share);
  }
  return row;
}

/** @param {KnownNetwork | undefined} network */
function qualityOf(network) {
  if (!network || network.right_of_100 === null) return Words.say("opinions.not-measured");
  const right = Words.say("opinions.right", { right: network.right_of_100 });
  if (network.melanomas_of_100 === null) return right;
  return `${right} ${Words.say("opinions.found", { found: network.melanomas_of_100 })}`;
}

/** Replace all cells of a row but its first. @param {string} id  @param {HTMLElement[]} cells */
function fill(id, cells) {
  const row = Parts.byId(id, HTMLElement);
  row.replaceChildren(...[row.firstElementChild].flatMap((head) => head ?? []), ...cells);
}

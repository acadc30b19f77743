/**
 * The page's state and what it says: loading, waiting, problems, and words for those who listen.
 *
 * State is on `main[data-state]` (loading, ready, working, result, error); text goes in by `textContent` alone.
 */

import * as Parts from "./parts.js";
import * as Words from "./words.js";
/** @import { LoadProgress, Notice } from "../network/engine.js" */

const main = Parts.byId("main", HTMLElement);
const message = Parts.byId("message", HTMLElement);
const announcer = Parts.byId("announcer", HTMLElement);
const statusText = Parts.byId("status-text", HTMLElement);
const statusBar = Parts.byId("status-bar", HTMLProgressElement);
const notices = Parts.byId("notices", HTMLElement);
const result = Parts.byId("result", HTMLElement);
const seen = Parts.byId("seen", HTMLElement);
const waiting = Parts.byId("waiting", HTMLElement);
const answer = Parts.byId("answer", HTMLElement);
const input = Parts.byId("photo", HTMLInputElement);

let isBusy = false;

/** Where the network lies, relative to the site; the renderer writes it, since it chose the network. */
export const modelAddress = main.dataset.model ?? "";
/** The classes' codes by their index, known before the network is. */
export const codes = Object.freeze((main.dataset.codes ?? "").split(" "));

/** @param {LoadProgress | null} progress null: only begun */
export function showLoading(progress) {
  statusBar.hidden = false;
  setState("loading");
  if (progress === null) {
    message.replaceChildren();
    statusBar.removeAttribute("value");
    statusText.textContent = Words.say("loading.begun");
    return;
  }
  const { loadedBytes, totalBytes } = progress;
  statusBar.value = totalBytes > 0 ? loadedBytes / totalBytes : 0;
  statusText.textContent = loadedBytes < totalBytes ? loadingText(progress) : Words.say("loading.testing");
}

/** @param {LoadProgress} progress */
function loadingText({ loadedBytes, totalBytes, secondsLeft, isWaiting }) {
  const values = { loaded: megabytes(loadedBytes), total: megabytes(totalBytes) };
  if (isWaiting) return Words.say("loading.waiting", values);
  if (secondsLeft === null) return Words.say("loading.progress", values);
  const left =
    secondsLeft < 90
      ? Words.plural("loading.left-seconds", Math.max(1, Math.round(secondsLeft)))
      : Words.plural("loading.left-minutes", Math.round(secondsLeft / 60));
  return Words.say("loading.progress-left", { ...values, left });
}

/** @param {number} bytes  @param {string} backendName */
export function showReady(bytes, backendName) {
  main.dataset.backend = backendName;
  message.replaceChildren();
  statusBar.hidden = true;
  statusText.textContent = Words.say("loading.ready", { size: megabytes(bytes) });
  say(Words.say("loading.ready-aloud"));
  setState("ready");
}

/** Something to know, with nothing to do about it. @param {Notice} notice */
export function showNotice({ code, values }) {
  const text = noticeText(code, values);
  if ([...notices.children].some((one) => one.textContent === text)) return;
  notices.append(Parts.paragraph(text, "notice"));
}

/** @param {Notice["code"]} code  @param {Notice["values"]} values */
function noticeText(code, { reason }) {
  if (code === "backend-failed") return Words.say("notice.backend");
  if (code === "worker-failed") return Words.say("notice.worker");
  return reason === "full" ? Words.say("notice.full") : Words.say("notice.forbidden");
}

/**
 * @param {{code: string | null, values: Record<string, string | number>} | null} problem
 * @param {() => void} again what a second try does
 */
export function showLoadFailure(problem, again) {
  statusBar.hidden = true;
  statusText.textContent = Words.say("loading.failed");
  const retry = document.createElement("button");
  retry.type = "button";
  retry.className = "button";
  const isOfTwoVersions = problem?.code === "mismatched"; // the page itself may be the older one
  retry.textContent = Words.say(isOfTwoVersions ? "loading.reload" : "loading.again");
  retry.addEventListener("click", () => {
    if (isOfTwoVersions) {
      location.reload();
      return;
    }
    keepFocus();
    again();
  });
  showMessage(Words.say("loading.failed-title"), loadFailureText(problem), retry);
  setState("error");
}

/** @param {{code: string | null, values: Record<string, string | number>} | null} problem */
function loadFailureText(problem) {
  switch (problem?.code) {
    case "connection-lost":
      return Words.say("loading.failed-connection");
    case "refused":
      return Words.say("loading.failed-refused", { ...problem.values, status: String(problem.values.status) });
    case "damaged":
      return Words.say("loading.failed-damaged", problem.values);
    case "mismatched":
      return Words.say("loading.failed-mismatch", problem.values);
    case "unsound":
      return Words.say("loading.failed-unsound");
    case "wrong-answers":
      return Words.say("loading.failed-answers");
    case "no-backend":
      return Words.say("loading.failed-backend");
    default: // from disk there is no connection to lose
      return Words.say(location.protocol === "file:" ? "loading.failed-disk" : "loading.failed-text");
  }
}

/** @param {string} text */
export function showKept(text) {
  showWaiting(text);
}

export function showWorking() {
  message.replaceChildren();
  showWaiting(Words.say("waiting.working"));
  setState("working");
}

/** The photo on the screen is looked at again: its old answer stays until the new one is there. */
export function showReworking() {
  message.replaceChildren();
  answer.setAttribute("aria-busy", "true");
  setState("working");
}

/** Bring the photo's place onto the screen; resolves once it is there. @param {() => void} draw what has no size before */
export async function showPhoto(draw) {
  seen.hidden = false;
  main.dataset.hasPhoto = "";
  draw();
  seen.scrollIntoView({ block: "start" });
  await painted();
}

/** @param {string} aloud the answer in a sentence or two */
export function showResult(aloud) {
  waiting.hidden = true;
  answer.hidden = false;
  answer.removeAttribute("aria-busy");
  say(aloud);
  setState("result");
}

/** All photos are looked at, or the visitor stopped that. @param {string} aloud */
export function showSeveral(aloud) {
  say(aloud);
  setState("result");
}

/** The last photo could not be answered. @param {string} title  @param {string} text what to do next */
export function showProblem(title, text) {
  hideResult();
  showMessage(title, text);
  setState("error");
}

export function hideResult() {
  result.hidden = true;
  seen.hidden = true;
  answer.hidden = true;
  delete main.dataset.hasPhoto;
}

/** @param {string} text */
function showWaiting(text) {
  hideResult();
  waiting.textContent = text;
  waiting.hidden = false;
  result.hidden = false;
  say(text);
}

/** @param {string} title  @param {string} text  @param {HTMLElement[]} controls */
export function showMessage(title, text, ...controls) {
  const box = document.createElement("div");
  box.className = "message";
  box.append(Parts.paragraph(title, "message__title"), Parts.paragraph(text, "message__text"), ...controls);
  message.replaceChildren(box);
  message.scrollIntoView({ block: "nearest" });
}

/** Say something to those who listen; those who look see it elsewhere. @param {string} text */
export function say(text) {
  announcer.textContent = text;
}

/** For a button that is about to vanish: whoever goes by keyboard would start again at the top of the page. */
export function keepFocus() {
  input.focus({ preventScroll: true });
}

/** @param {"loading" | "ready" | "working" | "result" | "error"} state */
function setState(state) {
  main.dataset.state = state === "result" && isBusy ? "working" : state;
}

/** While several photos are looked at, one that is opened meanwhile is not the end of the work. @param {boolean} busy */
export function setBusy(busy) {
  isBusy = busy;
  if (!busy) return;
  message.replaceChildren(); // what was wrong with an earlier photo
  setState("working");
}

/** Resolves when what was just changed is on the screen. */
function painted() {
  if (document.hidden) return Promise.resolve(); // nothing is painted there, and no frame ever comes
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6);
}

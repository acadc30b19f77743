"use strict";
/**
 * The page as the visitor sees it: the only file that touches the document.
 *
 * State is on `main[data-state]` (loading, ready, working, result, error); text goes in by `textContent` alone.
 */
const View = (() => {
  const NUMBER_WORDS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

  const main = part("main", HTMLElement);
  const input = part("photo", HTMLInputElement);
  const message = part("message", HTMLElement);
  const announcer = part("announcer", HTMLElement);
  const statusText = part("status-text", HTMLElement);
  const statusBar = part("status-bar", HTMLProgressElement);
  const result = part("result", HTMLElement);
  const seen = part("seen", HTMLElement);
  const seenPhoto = part("seen-photo", HTMLElement);
  const seenImage = part("seen-image", HTMLImageElement);
  const seenFrame = part("seen-frame", HTMLElement);
  const seenCaption = part("seen-caption", HTMLElement);
  const waiting = part("waiting", HTMLElement);
  const answer = part("answer", HTMLElement);
  const answerName = part("answer-name", HTMLElement);
  const answerPlain = part("answer-plain", HTMLElement);
  const answerTogether = part("answer-together", HTMLElement);
  const kinds = part("kinds", HTMLElement);
  const kindTemplate = part("kind-template", HTMLTemplateElement);
  const another = part("another", HTMLButtonElement);

  /** Where the network lies, relative to the page; the renderer writes it, since it chose the network. */
  const modelAddress = main.dataset.model ?? "";
  /** @type {() => void} */
  let onRetry = () => {};

  /**
   * Call back for each photo that arrives, whichever way, for what arrives without one, and for a second try at loading.
   * @param {{photo: (file: File) => void, nothing: () => void, retry: () => void}} callbacks
   */
  function listen(callbacks) {
    onRetry = callbacks.retry;
    const takeChosen = () => {
      const file = input.files?.[0];
      if (!file) return;
      // Or choosing the same file again would be no change, and nothing would happen.
      input.value = "";
      callbacks.photo(file);
    };
    /** @param {DataTransfer | null} transfer */
    const takeTransferred = (transfer) => {
      const file = transfer?.files[0];
      if (file) callbacks.photo(file);
      else callbacks.nothing();
    };
    input.addEventListener("change", takeChosen);
    another.addEventListener("click", () => {
      keepFocus();
      input.click();
    });
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.dataset.dragging = "";
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) delete document.body.dataset.dragging;
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      delete document.body.dataset.dragging;
      takeTransferred(event.dataTransfer);
    });
    document.addEventListener("paste", (event) => takeTransferred(event.clipboardData));
    takeChosen(); // a photo chosen before the scripts had arrived
  }

  /** @param {{loadedBytes: number, totalBytes: number, secondsLeft: number | null} | null} progress null: only begun */
  function showLoading(progress) {
    statusBar.hidden = false;
    setState("loading");
    if (progress === null) {
      message.replaceChildren();
      statusBar.removeAttribute("value");
      statusText.textContent = "Loading the network";
      return;
    }
    const { loadedBytes, totalBytes, secondsLeft } = progress;
    statusBar.value = totalBytes > 0 ? loadedBytes / totalBytes : 0;
    statusText.textContent =
      loadedBytes < totalBytes
        ? `Loading the network: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB${timeLeft(secondsLeft)}`
        : "Network loaded, now testing it on this device";
  }

  /** @param {number} bytes  @param {string} backendName */
  function showReady(bytes, backendName) {
    main.dataset.backend = backendName;
    message.replaceChildren();
    statusBar.hidden = true;
    statusText.textContent = `Network ready, ${megabytes(bytes)} MB on this device`;
    announcer.textContent = "The network is ready.";
    setState("ready");
  }

  /** @param {boolean} needsReload the scripts themselves are missing, so that only a fresh page can help */
  function showLoadFailure(needsReload) {
    statusBar.hidden = true;
    statusText.textContent = "Network not loaded";
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button";
    retry.textContent = "Try again";
    retry.addEventListener("click", () => {
      keepFocus();
      if (needsReload) location.reload();
      else onRetry();
    });
    showMessage("The network did not arrive", "The connection may have been lost on the way. Your photos are still only on this device.", retry);
    setState("error");
  }

  /** @param {string} fileName */
  function showKept(fileName) {
    showWaiting(`${fileName} is kept here on your device and looked at as soon as the network has loaded.`);
  }

  function showWorking() {
    message.replaceChildren();
    showWaiting("Looking at your photo");
    setState("working");
  }

  /**
   * Show the photo with the part of it that the network sees; resolves once it is on the screen.
   * @param {Blob} file
   * @param {{width: number, height: number}} size of the upright photo
   * @param {Frame} frame
   */
  async function showPhoto(file, size, frame) {
    forgetPhoto();
    seenPhoto.style.setProperty("--photo-ratio", String(size.width / size.height));
    seenFrame.style.setProperty("--frame-left", share(frame.x / size.width));
    seenFrame.style.setProperty("--frame-top", share(frame.y / size.height));
    seenFrame.style.setProperty("--frame-width", share(frame.width / size.width));
    seenFrame.style.setProperty("--frame-height", share(frame.height / size.height));
    const isWhole = frame.width === size.width && frame.height === size.height;
    seenFrame.hidden = isWhole;
    seenCaption.textContent = isWhole ? "The network sees the whole photo." : "The network sees what is inside the frame.";
    seenImage.src = URL.createObjectURL(file);
    seen.hidden = false;
    main.dataset.hasPhoto = "";
    seen.scrollIntoView({ block: "start" });
    await painted();
  }

  /**
   * Show all the kinds, most likely first.
   * @param {Answer[]} answers in any order
   */
  function showAnswer(answers) {
    const sorted = [...answers].sort((a, b) => b.probability - a.probability);
    const [top] = sorted;
    if (!top) throw new Error("an answer needs at least one class");
    const name = top.lesionClass.name.toLowerCase();
    const malignant = answers.filter(({ lesionClass }) => lesionClass.is_malignant);
    const together = malignant.reduce((sum, { probability }) => sum + probability, 0);
    const needTreatment = `Together, the ${inWords(malignant.length)} that need treatment: ${percent(together)}`;

    answerName.textContent = `${name}, `;
    answerPlain.textContent = top.lesionClass.plain;
    answerTogether.textContent = needTreatment;
    kinds.replaceChildren(...sorted.map(kindRow));
    waiting.hidden = true;
    answer.hidden = false;
    announcer.textContent = `Looks most like: ${name}, ${top.lesionClass.plain}, ${percent(top.probability)}. ${needTreatment}.`;
    setState("result");
  }

  /** The last photo could not be answered. @param {string} title  @param {string} text what to do next */
  function showProblem(title, text) {
    forgetPhoto();
    result.hidden = true;
    delete main.dataset.hasPhoto;
    showMessage(title, text);
    setState("error");
  }

  /** @param {string} text */
  function showWaiting(text) {
    forgetPhoto();
    seen.hidden = true;
    answer.hidden = true;
    kinds.replaceChildren();
    waiting.textContent = text;
    waiting.hidden = false;
    result.hidden = false;
    delete main.dataset.hasPhoto;
    announcer.textContent = text;
  }

  /** @param {string} title  @param {string} text  @param {HTMLElement[]} controls */
  function showMessage(title, text, ...controls) {
    const box = document.createElement("div");
    box.className = "message";
    box.append(paragraph(title, "message__title"), paragraph(text, "message__text"), ...controls);
    message.replaceChildren(box);
    message.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} text  @param {string} className */
  function paragraph(text, className) {
    const element = document.createElement("p");
    element.className = className;
    element.textContent = text;
    return element;
  }

  /** @param {Answer} answer */
  function kindRow({ lesionClass, probability }) {
    const row = within(document.importNode(kindTemplate.content, true), ".kind", HTMLElement);
    row.dataset.code = lesionClass.code;
    row.dataset.probability = String(probability);
    row.classList.toggle("kind--malignant", lesionClass.is_malignant);
    within(row, ".kind__name", HTMLElement).textContent = lesionClass.name;
    within(row, ".kind__percent", HTMLElement).textContent = percent(probability);
    within(row, ".kind__plain", HTMLElement).textContent = lesionClass.plain;
    within(row, ".kind__bar", HTMLElement).style.setProperty("--share", share(probability));
    within(row, ".group__word", HTMLElement).textContent = lesionClass.group;
    within(row, "use", SVGElement).setAttribute("href", lesionClass.is_malignant ? "#shape-malignant" : "#shape-benign");
    return row;
  }

  /** For a button that is about to vanish: whoever goes by keyboard would start again at the top of the page. */
  function keepFocus() {
    input.focus({ preventScroll: true });
  }

  function forgetPhoto() {
    if (seenImage.src) URL.revokeObjectURL(seenImage.src);
    seenImage.removeAttribute("src");
  }

  /** @param {"loading" | "ready" | "working" | "result" | "error"} state */
  function setState(state) {
    main.dataset.state = state;
  }

  /** Resolves when what was just changed is on the screen. */
  function painted() {
    if (document.hidden) return Promise.resolve(); // nothing is painted there, and no frame ever comes
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  }

  /** As `percent` in builder/formatting.py: one decimal below 10 %, never "0 %" for what is not zero. @param {number} fraction 0-1 */
  function percent(fraction) {
    const hundredths = Math.min(1, fraction) * 100;
    if (hundredths > 0 && hundredths < 0.1) return "under 0.1 %";
    if (hundredths > 99.9 && hundredths < 100) return "over 99.9 %";
    const isFine = (hundredths > 0 && hundredths < 9.95) || (hundredths >= 99 && hundredths < 100);
    return `${isFine ? (Math.round(hundredths * 10) / 10).toFixed(1) : Math.round(hundredths)} %`;
  }

  /** @param {number | null} seconds */
  function timeLeft(seconds) {
    if (seconds === null) return "";
    const [count, unit] = seconds < 90 ? [Math.max(1, Math.round(seconds)), "second"] : [Math.round(seconds / 60), "minute"];
    return `, about ${count} ${unit}${count === 1 ? "" : "s"} left`;
  }

  /** @param {number} bytes */
  function megabytes(bytes) {
    return Math.round(bytes / 1e6);
  }

  /** @param {number} fraction 0-1  @returns {string} as CSS wants it */
  function share(fraction) {
    return `${fraction * 100}%`;
  }

  /** @param {number} number */
  function inWords(number) {
    return NUMBER_WORDS[number] ?? String(number);
  }

  /**
   * The element with that id; the page is broken without it.
   * @template {Element} E
   * @param {string} id  @param {new () => E} kind  @returns {E}
   */
  function part(id, kind) {
    return within(document, `#${id}`, kind);
  }

  /**
   * @template {Element} E
   * @param {ParentNode} parent  @param {string} selector  @param {new () => E} kind  @returns {E}
   */
  function within(parent, selector, kind) {
    const element = parent.querySelector(selector);
    if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} ${selector}`);
    return element;
  }

  return Object.freeze({
    modelAddress,
    listen,
    showLoading,
    showReady,
    showLoadFailure,
    showKept,
    showWorking,
    showPhoto,
    showAnswer,
    showProblem,
  });
})();

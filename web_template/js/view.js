"use strict";
/**
 * The page as the visitor sees it: the only file that touches the document.
 *
 * State is on `main[data-state]` (loading, ready, working, result, error); text goes in by `textContent` alone.
 */
const View = (() => {
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
  const notices = part("notices", HTMLElement);
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

  /** @param {LoadProgress | null} progress null: only begun */
  function showLoading(progress) {
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
    statusText.textContent = loadedBytes < totalBytes ? progressText(progress) : Words.say("loading.testing");
  }

  /** @param {number} bytes  @param {string} backendName */
  function showReady(bytes, backendName) {
    main.dataset.backend = backendName;
    message.replaceChildren();
    statusBar.hidden = true;
    statusText.textContent = Words.say("loading.ready", { size: megabytes(bytes) });
    announcer.textContent = Words.say("loading.ready-aloud");
    setState("ready");
  }

  /** Something to know, with nothing to do about it. @param {Notice} notice */
  function showNotice({ code, values }) {
    const text = noticeText(code, values);
    if ([...notices.children].some((one) => one.textContent === text)) return;
    notices.append(paragraph(text, "notice"));
  }

  /** @param {Notice["code"]} code  @param {Notice["values"]} values */
  function noticeText(code, { reason }) {
    if (code === "backend-failed") return Words.say("notice.backend");
    if (code === "worker-failed") return Words.say("notice.worker");
    return reason === "full" ? Words.say("notice.full") : Words.say("notice.forbidden");
  }

  /**
   * @param {boolean} needsReload the scripts themselves are missing, so that only a fresh page can help
   * @param {{code: string | null, values: Record<string, string | number>} | null} problem
   */
  function showLoadFailure(needsReload, problem) {
    statusBar.hidden = true;
    statusText.textContent = Words.say("loading.failed");
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button";
    retry.textContent = Words.say("loading.again");
    retry.addEventListener("click", () => {
      keepFocus();
      if (needsReload) location.reload();
      else onRetry();
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
      case "wrong-answers":
        return Words.say("loading.failed-answers");
      case "no-backend":
        return Words.say("loading.failed-backend");
      default:
        return Words.say("loading.failed-text");
    }
  }

  /** @param {string} fileName */
  function showKept(fileName) {
    showWaiting(Words.say("waiting.kept", { file: fileName }));
  }

  function showWorking() {
    message.replaceChildren();
    showWaiting(Words.say("waiting.working"));
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
    seenCaption.textContent = Words.say(isWhole ? "answer.whole" : "answer.framed");
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
    const name = kindWord(top.lesionClass, "inline");
    const plain = kindWord(top.lesionClass, "plain");
    const malignant = answers.filter(({ lesionClass }) => lesionClass.is_malignant);
    const together = malignant.reduce((sum, { probability }) => sum + probability, 0);
    const needTreatment = Words.say("answer.together", {
      count: Words.inWords(malignant.length),
      percent: Words.percent(together),
    });

    answerName.textContent = Words.say("answer.name", { name });
    answerPlain.textContent = plain;
    answerTogether.textContent = needTreatment;
    kinds.replaceChildren(...sorted.map(kindRow));
    waiting.hidden = true;
    answer.hidden = false;
    announcer.textContent = Words.say("answer.aloud", {
      name,
      plain,
      percent: Words.percent(top.probability),
      together: needTreatment,
    });
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
    within(row, ".kind__name", HTMLElement).textContent = kindWord(lesionClass, "name");
    within(row, ".kind__percent", HTMLElement).textContent = Words.percent(probability);
    within(row, ".kind__plain", HTMLElement).textContent = kindWord(lesionClass, "plain");
    within(row, ".kind__bar", HTMLElement).style.setProperty("--share", share(probability));
    within(row, ".group__word", HTMLElement).textContent = Words.say("answer.group", { group: kindWord(lesionClass, "group") });
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

  /** @param {LoadProgress} progress */
  function progressText({ loadedBytes, totalBytes, secondsLeft, isWaiting }) {
    const sizes = { loaded: megabytes(loadedBytes), total: megabytes(totalBytes) };
    if (isWaiting) return Words.say("loading.waiting", sizes);
    if (secondsLeft === null) return Words.say("loading.progress", sizes);
    const left =
      secondsLeft < 90
        ? Words.plural("loading.left-seconds", Math.max(1, Math.round(secondsLeft)))
        : Words.plural("loading.left-minutes", Math.round(secondsLeft / 60));
    return Words.say("loading.progress-left", { ...sizes, left });
  }

  /** @param {LesionClass} lesionClass  @param {"name" | "inline" | "plain" | "group"} what */
  function kindWord({ code }, what) {
    return Words.say(`kind.${code}.${what}`);
  }

  /** @param {number} bytes */
  function megabytes(bytes) {
    return Math.round(bytes / 1e6);
  }

  /** @param {number} fraction 0-1  @returns {string} as CSS wants it */
  function share(fraction) {
    return `${fraction * 100}%`;
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
    showNotice,
    showLoadFailure,
    showKept,
    showWorking,
    showPhoto,
    showAnswer,
    showProblem,
  });
})();

"use strict";
/** Several photos at once: how far the network is, a way to stop it, and the table of answers. */
const Collection = (() => {
  const section = Parts.byId("collection", HTMLElement);
  const title = Parts.byId("collection-title", HTMLElement);
  const bar = Parts.byId("collection-bar", HTMLProgressElement);
  const cancel = Parts.byId("collection-cancel", HTMLButtonElement);
  const actions = Parts.byId("collection-actions", HTMLElement);

  /** @type {(key: number) => void} */
  let onOpen = () => {};
  const table = PhotoTable.of(section, { open: (key) => onOpen(key) });

  /**
   * @param {object} callbacks
   * @param {(index: number) => void} callbacks.open  @param {() => void} callbacks.cancel
   * @param {(answered: AnsweredPhoto[], format: "csv" | "json") => void} callbacks.save
   */
  function listen({ open, cancel: onCancel, save }) {
    onOpen = open;
    cancel.addEventListener("click", onCancel);
    actions.addEventListener("click", ({ target }) => {
      const format = target instanceof HTMLElement ? target.dataset.save : undefined;
      if (format === "csv" || format === "json") save(table.answered(), format);
    });
  }

  /** @param {string[]} names of the photos, in the order they came */
  function begin(names) {
    table.clear();
    names.forEach((name, index) => table.put(index, { name }));
    section.hidden = false;
    cancel.hidden = bar.hidden = false;
    actions.hidden = true;
    showProgress(0, names.length);
    section.scrollIntoView({ block: "start" });
  }

  /** @param {number} done  @param {number} total */
  function showProgress(done, total) {
    bar.max = total;
    bar.value = done;
    title.textContent = Words.say("table.progress", { done, total });
  }

  /** @param {number} index  @param {AnsweredPhoto} answered  @param {Blob} cutout */
  function fill(index, answered, cutout) {
    table.put(index, { name: answered.name, answered, cutout });
  }

  /** @param {number} index  @param {string} name  @param {string} problem */
  function fail(index, name, problem) {
    table.put(index, { name, problem });
  }

  /** @param {number} done  @param {number} total  @returns {string} what there is now, in a sentence */
  function finish(done, total) {
    const text = done === total ? Words.plural("table.done", total) : Words.say("table.cancelled", { done, total });
    title.textContent = text;
    if (document.activeElement === cancel) title.focus(); // the button vanishes
    cancel.hidden = bar.hidden = true;
    actions.hidden = table.answered().length === 0;
    return text;
  }

  /** How many are answered. */
  function answered() {
    return table.answered().length;
  }

  function close() {
    table.clear();
    section.hidden = true;
  }

  return Object.freeze({ listen, begin, showProgress, fill, fail, finish, close, answered, mark: table.mark, get: table.get });
})();

"use strict";
/** The answers kept on this device: a switch, off at first, the table of them, and one button that deletes all. */
const KeptAnswers = (() => {
  const section = Parts.byId("history", HTMLElement);
  const toggle = Parts.byId("history-switch", HTMLButtonElement);
  const content = Parts.byId("history-content", HTMLElement);
  const deleteAll = Parts.byId("history-delete", HTMLButtonElement);

  /** @type {(key: number, kept: KeptAnswer) => void} */
  let onOpen = () => {};
  const table = PhotoTable.of(section, {
    open(key) {
      const entry = table.get(key);
      if (entry?.answered && entry.cutout) onOpen(key, { answered: entry.answered, cutout: entry.cutout });
    },
  });

  /** @param {{open: (key: number, kept: KeptAnswer) => void, save: (answered: AnsweredPhoto[], format: "csv" | "json") => void}} callbacks */
  function listen({ open, save }) {
    onOpen = open;
    toggle.addEventListener("click", () => orSay(() => turn(!Keeping.isOn())));
    deleteAll.addEventListener("click", () => orSay(forgetAll));
    content.addEventListener("click", ({ target }) => {
      const format = target instanceof HTMLElement ? target.dataset.save : undefined;
      if (format === "csv" || format === "json") save(table.answered(), format);
    });
    void orSay(refresh);
  }

  /** @param {KeptAnswer} kept  @param {number} [key] of the one that this one replaces  @returns {Promise<number | undefined>} its key */
  async function keep(kept, key) {
    if (!Keeping.isOn()) return undefined;
    return orSay(() => Keeping.put(kept, key));
  }

  /** @param {boolean} on */
  async function turn(on) {
    Keeping.turn(on);
    await refresh();
    View.say(Words.say(on ? "history.on" : "history.off"));
  }

  async function forgetAll() {
    await Keeping.clear();
    toggle.focus(); // the button vanishes
    await refresh();
    View.say(Words.say("history.deleted"));
  }

  /** Show what is kept by now. */
  async function refresh() {
    toggle.setAttribute("aria-checked", String(Keeping.isOn()));
    const all = await Keeping.all();
    table.clear();
    for (const [key, { answered, cutout }] of [...all].reverse()) {
      table.put(key, { name: answered.name, answered, cutout, note: Words.time(answered.answeredAt) });
    }
    content.hidden = all.size === 0;
  }

  /**
   * Where the browser keeps nothing, the answer is on the page all the same.
   * @template T
   * @param {() => Promise<T>} action  @returns {Promise<T | undefined>}
   */
  async function orSay(action) {
    try {
      return await action();
    } catch (error) {
      console.info("nothing is kept:", error);
      View.showMessage(Words.say("history.problem-title"), Words.say("history.problem"));
      return undefined;
    }
  }

  return Object.freeze({ listen, keep, refresh: () => orSay(refresh) });
})();

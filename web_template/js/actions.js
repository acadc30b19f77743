"use strict";
/** What to do with an answer: take another photo, print it, save it. */
const Actions = (() => {
  const actions = Parts.byId("actions", HTMLElement);

  /** @param {{another: () => void, save: (format: "csv" | "json") => void}} callbacks */
  function listen({ another, save }) {
    actions.addEventListener("click", ({ target }) => {
      const button = target instanceof Element ? target.closest("button") : null;
      const does = button?.dataset.does;
      if (does === "another") another();
      if (does === "print") window.print();
      if (button?.dataset.save === "csv" || button?.dataset.save === "json") save(button.dataset.save);
    });
  }

  return Object.freeze({ listen });
})();

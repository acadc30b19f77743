/** What to do with an answer: take another photo, print it, save it. */

import * as Parts from "../page/parts.js";

const actions = Parts.byId("actions", HTMLElement);

/** @param {{another: () => void, save: (format: "csv" | "json") => void}} callbacks */
export function listen({ another, save }) {
  actions.addEventListener("click", (event) => {
    const does = Parts.buttonOf(event)?.dataset.does;
    const format = Parts.formatOf(event);
    if (does === "another") another();
    if (does === "print") window.print();
    if (format) save(format);
  });
}

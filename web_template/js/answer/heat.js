/** The heat map's switch, off at first, and the words that go with the map. */

import * as PhotoView from "../framing/photo_view.js";
import * as Parts from "../page/parts.js";
import * as Words from "../page/words.js";
/** @import { HeatMap } from "../network/network.js" */

const toggle = Parts.byId("heat-switch", HTMLButtonElement);
const caption = Parts.byId("heat-caption", HTMLElement);

/** @param {() => void} wanted called when the visitor switches the map on */
export function listen(wanted) {
  toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-checked", String(toggle.getAttribute("aria-checked") !== "true"));
    if (isOn()) wanted();
    else clear();
  });
}

/** A network that gives no answer has looked at nothing worth showing. @param {boolean} isThere */
export function offer(isThere) {
  toggle.hidden = !isThere;
  if (!isThere) clear();
}

export function isOn() {
  return !toggle.hidden && toggle.getAttribute("aria-checked") === "true";
}

/** @param {HeatMap} map  @param {string} code of the class it is for */
export function show(map, code) {
  PhotoView.showHeat(map);
  caption.textContent = Words.say("heat.caption", { name: Words.say(`kind.${code}.inline`) });
  caption.hidden = false;
}

/** The map belongs to one answer; the switch stays as it is, for the next one. */
export function clear() {
  PhotoView.hideHeat();
  caption.hidden = true;
}

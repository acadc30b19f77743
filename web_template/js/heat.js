"use strict";
/** The heat map's switch, off at first, and the words that go with the map. */
const Heat = (() => {
  const toggle = Parts.byId("heat-switch", HTMLButtonElement);
  const caption = Parts.byId("heat-caption", HTMLElement);

  /** @param {() => void} wanted called when the visitor switches the map on */
  function listen(wanted) {
    toggle.addEventListener("click", () => {
      toggle.setAttribute("aria-checked", String(toggle.getAttribute("aria-checked") !== "true"));
      if (isOn()) wanted();
      else clear();
    });
  }

  /** A network that gives no answer has looked at nothing worth showing. @param {boolean} isThere */
  function offer(isThere) {
    toggle.hidden = !isThere;
    if (!isThere) clear();
  }

  function isOn() {
    return !toggle.hidden && toggle.getAttribute("aria-checked") === "true";
  }

  /** @param {HeatMap} map  @param {string} code of the class it is for */
  function show(map, code) {
    Stage.showHeat(map);
    caption.textContent = Words.say("heat.caption", { name: Words.say(`kind.${code}.inline`) });
    caption.hidden = false;
  }

  /** The map belongs to one answer; the switch stays as it is, for the next one. */
  function clear() {
    Stage.hideHeat();
    caption.hidden = true;
  }

  return Object.freeze({ listen, offer, isOn, show, clear });
})();

"use strict";
/**
 * Tells a visitor at once that the page is not all there, where the scripts that would show things do not begin: one of
 * them is missing or broken. Where this one is missing too, the page's own words appear by themselves, see app.css.
 */
const Watch = (() => {
  /** Call it when every script of the page has run, or will not. */
  function look() {
    const words = document.getElementById("incomplete");
    if (!words || words.hidden) return; // app.js hides them, once everything has begun
    words.classList.add("incomplete--surely");
    words.closest("main")?.setAttribute("data-state", "error");
  }

  return Object.freeze({ look });
})();

document.addEventListener("DOMContentLoaded", Watch.look);

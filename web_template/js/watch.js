/**
 * Tells a visitor at once that the page is not all there, where the scripts that would show things do not begin: one of
 * them is missing or broken. Where this one is missing too, the page's own words appear by themselves, see app.css.
 */

/** Call it when every script of the page has run, or will not. */
function look() {
  const words = document.getElementById("incomplete");
  removeEventListener("error", note);
  if (!words) return; // app.js takes them away, once everything has begun
  words.classList.add("incomplete--surely");
  words.closest("main")?.setAttribute("data-state", "error");
}

/** Where a script is missing, those that call it fail; the words are for both. @param {ErrorEvent} event */
function note(event) {
  event.preventDefault();
  console.info("the page does not begin:", event.message);
}

addEventListener("error", note);
document.addEventListener("DOMContentLoaded", look);

/** How photos come in: chosen, dropped, pasted, or a sample. */

import * as Parts from "../page/parts.js";

const input = Parts.byId("photo", HTMLInputElement);
const samples = Parts.byId("samples", HTMLElement);

/**
 * @param {object} callbacks
 * @param {(files: File[]) => void} callbacks.photos  @param {() => void} callbacks.nothing what came holds no file
 * @param {(address: string, name: string) => void} callbacks.sample
 */
export function listen({ photos, nothing, sample }) {
  const takeChosen = () => {
    const files = Array.from(input.files ?? []);
    if (files.length === 0) return;
    // Or choosing the same file again would be no change, and nothing would happen.
    input.value = "";
    photos(files);
  };
  /** @param {DataTransfer | null} transfer */
  const takeTransferred = (transfer) => {
    const files = Array.from(transfer?.files ?? []);
    if (files.length > 0) photos(files);
    else nothing();
  };
  input.addEventListener("change", takeChosen);
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
  samples.addEventListener("click", (event) => {
    const button = Parts.buttonOf(event);
    if (button?.dataset.sample) sample(button.dataset.sample, button.dataset.name ?? button.dataset.sample);
  });
  takeChosen(); // photos chosen before the scripts had arrived
}

/** Open the browser's own way of choosing a photo. */
export function open() {
  input.focus({ preventScroll: true });
  input.click();
}

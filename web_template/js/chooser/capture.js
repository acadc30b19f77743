/**
 * The camera: the rear one first, asked for only when the visitor wants it, and switched off as soon as the photo is
 * taken or the visitor turns away. Where a page gets no camera, the device's own camera app does the same.
 */

import * as Parts from "../page/parts.js";
import * as Words from "../page/words.js";
import * as Canvas from "../photo/canvas.js";
import * as Pixels from "../photo/pixels.js";

const IDEAL_LONG_SIDE_PX = 4096; // the browser gives the most it has up to this
const JPEG_QUALITY = 0.95;

const openButton = Parts.byId("camera-open", HTMLButtonElement);
const dialog = Parts.byId("camera", HTMLDialogElement);
const video = Parts.byId("camera-video", HTMLVideoElement);
const guide = Parts.byId("camera-guide", HTMLElement);
const shutter = Parts.byId("camera-shutter", HTMLButtonElement);
const other = Parts.byId("camera-other", HTMLButtonElement);
const cancel = Parts.byId("camera-cancel", HTMLButtonElement);
const appInput = Parts.byId("camera-app", HTMLInputElement);

/** @type {MediaStream | null} */
let stream = null;
/** @type {"environment" | "user"} */
let facing = "environment";
let newestRequest = 0;

/**
 * @param {object} callbacks
 * @param {(file: File) => void} callbacks.photo
 * @param {(title: string, text: string, control: HTMLElement) => void} callbacks.problem
 */
export function listen({ photo, problem }) {
  openButton.addEventListener("click", () => {
    if ("mediaDevices" in navigator) void open(problem);
    else appInput.click();
  });
  shutter.addEventListener("click", () => void take(photo));
  other.addEventListener("click", () => {
    facing = facing === "environment" ? "user" : "environment";
    void open(problem);
  });
  cancel.addEventListener("click", close);
  dialog.addEventListener("close", stop); // by Escape
  video.addEventListener("loadedmetadata", placeGuide);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close(); // nobody wants a camera that films in the background
  });
  appInput.addEventListener("change", () => {
    const [file] = appInput.files ?? [];
    appInput.value = "";
    if (file) photo(file);
  });
}

/** @param {(title: string, text: string, control: HTMLElement) => void} problem */
async function open(problem) {
  const request = (newestRequest += 1);
  stopStream();
  shutter.disabled = true;
  if (!dialog.open) dialog.showModal();
  try {
    const given = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: facing }, width: { ideal: IDEAL_LONG_SIDE_PX }, height: { ideal: IDEAL_LONG_SIDE_PX } },
    });
    if (request !== newestRequest || !dialog.open) {
      for (const track of given.getTracks()) track.stop(); // the visitor turned away while the browser asked
      return;
    }
    stream = given;
    video.srcObject = given;
    await video.play();
    other.hidden = !(await hasSeveralCameras());
    shutter.disabled = false;
  } catch (error) {
    if (request !== newestRequest || !dialog.open) return;
    close();
    problem(Words.say("camera.problem-title"), Words.say(reasonOf(error)), appButton());
  }
}

/** The message for what the browser says, see the Media Capture and Streams standard. @param {unknown} error */
function reasonOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "camera.not-allowed";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "camera.none";
  if (name === "NotReadableError" || name === "AbortError") return "camera.busy";
  console.error("the camera could not be opened:", error);
  return "camera.failed";
}

function appButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = Words.say("camera.app");
  button.addEventListener("click", () => appInput.click());
  return button;
}

async function hasSeveralCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").length > 1;
}

/** Lay the guide where the largest frame of the photo will be. */
function placeGuide() {
  const { videoWidth, videoHeight } = video;
  const frame = Pixels.centredFrame(videoWidth, videoHeight);
  dialog.style.setProperty("--video-ratio", String(videoWidth / videoHeight));
  guide.style.setProperty("--frame-width", `${(100 * frame.width) / videoWidth}%`);
  guide.style.setProperty("--frame-height", `${(100 * frame.height) / videoHeight}%`);
}

/** @param {(file: File) => void} photo */
async function take(photo) {
  const canvas = Canvas.of(video.videoWidth, video.videoHeight);
  Canvas.surfaceOf(canvas).drawImage(video, 0, 0);
  close();
  const blob = await Canvas.toJpeg(canvas, JPEG_QUALITY);
  if (blob) photo(new File([blob], Words.say("camera.file-name"), { type: "image/jpeg" }));
}

/** The camera first: the dialog tells of its end only later. */
function close() {
  stop();
  dialog.close();
}

function stop() {
  newestRequest += 1;
  stopStream();
}

function stopStream() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
}

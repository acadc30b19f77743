"use strict";
/**
 * Closes the ways out that no content-security policy names. It stands in the page itself, before anything that may
 * run: so it can be neither missing nor late. docs/privacy.md says what stays open, and why.
 */
(() => {
  const { apply, getOwnPropertyDescriptor } = Reflect; // as they are before anybody may have changed them
  const { startsWith } = String.prototype;
  const { preventDefault } = Event.prototype;

  /** @type {[object | undefined, string[]][]} */
  const TAKEN_AWAY = [
    [window, Object.getOwnPropertyNames(window).filter((name) => /^(webkit|moz)?RTC/.test(name))], // packets to anywhere
    [window, ["WebTransport", "WebSocketStream"]], // so that no browser's policy need know them
    [window, ["open", "documentPictureInPicture"]], // a window, in which all that is taken away here is still there
    [globalThis.Document?.prototype, ["open"]], // just so
    [globalThis.CustomElementRegistry?.prototype, ["define"]], // an element of its own that is a frame
    [window, ["XSLTProcessor", "XMLHttpRequest"]], // elements that nobody created: frames, too
    [window, ["PaymentRequest", "PresentationRequest"]], // they ask others by address
    [window, ["SpeechRecognition", "webkitSpeechRecognition", "speechSynthesis"]], // some voices are services far away
    [window, ["Notification", "MediaMetadata"]], // with pictures that the browser fetches
    [globalThis.Navigator?.prototype, ["credentials", "presentation"]], // the site of a credential is asked
    [globalThis.ServiceWorkerRegistration?.prototype, ["backgroundFetch", "pushManager", "showNotification"]],
  ];
  for (const [owner, names] of TAKEN_AWAY) {
    for (const name of names) if (owner) replace(owner, name, undefined);
  }

  /** @param {object} owner  @param {string} name  @param {unknown} value what everybody finds there from now on */
  function replace(owner, name, value) {
    if (name in owner) Object.defineProperty(owner, name, { value, writable: false, configurable: false });
  }

  // A frame is a window, too. From markup comes none: the pages have none, and Trusted Types let no other markup in.
  const FRAMES = Object.freeze({ __proto__: null, iframe: true, frame: true, fencedframe: true, object: true, embed: true });
  const localName = getter(Element.prototype, "localName");
  for (const name of /** @type {const} */ (["createElement", "createElementNS"])) {
    const create = Document.prototype[name];
    /** @this {Document}  @param {any[]} given */
    const createNoFrame = function (...given) {
      const made = apply(create, this, given);
      if (apply(localName, made, []) in FRAMES) throw new TypeError("This page makes no frames.");
      return made;
    };
    replace(Document.prototype, name, createNoFrame);
  }

  // Only a visitor's own click leads to another site.
  if ("navigation" in window) {
    const [address, isByVisitor] = [getter(NavigationDestination.prototype, "url"), getter(NavigateEvent.prototype, "userInitiated")];
    const destination = getter(NavigateEvent.prototype, "destination");
    const site = `${location.protocol}//${location.host}/`;
    navigation.addEventListener("navigate", (event) => {
      const url = apply(address, apply(destination, event, []), []);
      const isHere = apply(startsWith, url, [site]) || apply(startsWith, url, ["blob:"]);
      if (!isHere && !apply(isByVisitor, event, [])) apply(preventDefault, event, []);
    });
  }

  /** @param {object} prototype  @param {string} name  @returns {() => any} */
  function getter(prototype, name) {
    return /** @type {() => any} */ (getOwnPropertyDescriptor(prototype, name)?.get);
  }
})();

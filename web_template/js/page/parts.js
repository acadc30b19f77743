/** Finds the parts of the page that the scripts fill; the page is broken without one of them. */

/**
 * @template {Element} E
 * @param {string} id  @param {new () => E} kind  @returns {E}
 */
export function byId(id, kind) {
  return within(document, `#${id}`, kind);
}

/**
 * @template {Element} E
 * @param {ParentNode} parent  @param {string} selector  @param {new () => E} kind  @returns {E}
 */
export function within(parent, selector, kind) {
  const element = parent.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} ${selector}`);
  return element;
}

/** The button that an event is about, or that holds what it is about. @param {Event} event */
export function buttonOf({ target }) {
  return target instanceof Element ? target.closest("button") : null;
}

/**
 * The format in which a button saves answers, if it is one that does.
 * @param {Event} event  @returns {"csv" | "json" | null}
 */
export function formatOf(event) {
  const format = buttonOf(event)?.dataset.save;
  return format === "csv" || format === "json" ? format : null;
}

/**
 * What a `<template>` holds, once more.
 * @param {HTMLTemplateElement} template  @param {string} selector of its outermost element  @returns {HTMLElement}
 */
export function copyOf(template, selector) {
  return within(document.importNode(template.content, true), selector, HTMLElement);
}

/** @param {"th" | "td"} kind  @param {string} text */
export function cell(kind, text) {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}

/** @param {string} text  @param {string} className */
export function paragraph(text, className) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}

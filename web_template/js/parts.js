"use strict";
/** Finds the parts of the page that the scripts fill; the page is broken without one of them. */
const Parts = (() => {
  /**
   * @template {Element} E
   * @param {string} id  @param {new () => E} kind  @returns {E}
   */
  function byId(id, kind) {
    return within(document, `#${id}`, kind);
  }

  /**
   * @template {Element} E
   * @param {ParentNode} parent  @param {string} selector  @param {new () => E} kind  @returns {E}
   */
  function within(parent, selector, kind) {
    const element = parent.querySelector(selector);
    if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} ${selector}`);
    return element;
  }

  /**
   * What a `<template>` holds, once more.
   * @param {HTMLTemplateElement} template  @param {string} selector of its outermost element  @returns {HTMLElement}
   */
  function copyOf(template, selector) {
    return within(document.importNode(template.content, true), selector, HTMLElement);
  }

  /** @param {string} text  @param {string} className */
  function paragraph(text, className) {
    const element = document.createElement("p");
    element.className = className;
    element.textContent = text;
    return element;
  }

  return Object.freeze({ byId, within, copyOf, paragraph });
})();

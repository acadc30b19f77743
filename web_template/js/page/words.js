/** Says messages and numbers in the page's language. The page carries the texts, see builder/site/words.py. */

import { inLanguage } from "./language.js";

const texts = document.getElementById("words")?.textContent ?? "{}";

export const { say, plural, number, time, percent, inWords } = inLanguage(document.documentElement.lang || "en", JSON.parse(texts));
export { visible } from "./language.js";

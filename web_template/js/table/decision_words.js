/** An answer in a few words, for a row. */

import * as Words from "../page/words.js";
/** @import { AnsweredPhoto } from "../answer/answering.js" */

/** @param {AnsweredPhoto} answered */
export function inWords({ judgement, likeliest }) {
  if (judgement.verdict === "not-a-lesion") return Words.say("table.not-a-lesion");
  const name = Words.say(`kind.${likeliest}.name`);
  return judgement.verdict === "not-sure" ? Words.say("table.not-sure", { name }) : name;
}

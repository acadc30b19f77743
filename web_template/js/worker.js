/** The worker's end of the line to engine.js, which starts it. */

import * as Runner from "./network/runner.js";
/** @import { ProblemFacts } from "./network/engine.js" */

const place = new Runner.Place();

addEventListener("message", async ({ data: { id, action, values } }) => {
  try {
    const answer = await place.run(action, values, (event) => postMessage({ id, event }));
    postMessage({ id, answer, backendName: place.backendName });
  } catch (error) {
    // Of an error, cloning would leave the message alone.
    const { message, code, values } = /** @type {ProblemFacts} */ (error);
    postMessage({ id, problem: { message, code, values } });
  }
});

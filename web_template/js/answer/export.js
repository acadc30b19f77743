/** Answers as files: CSV for tables, JSON for programs, and the page on paper. */

/** @import { CardedAnswer } from "./answering.js" */
/** @import { PhotoDecision } from "./decision.js" */

const FORMAT = 1; // of the JSON, as in `predict --json`: goes up when a key changes its name or meaning

/**
 * Hand the answers over as a download; nothing leaves the device.
 * @param {CardedAnswer[]} answers at least one  @param {"csv" | "json"} format
 */
export function save(answers, format) {
  const [text, type] = format === "csv" ? [csv(answers), "text/csv"] : [json(answers), "application/json"];
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `lesionlens.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // Safari begins the download after the click has returned
}

/** @param {CardedAnswer[]} answers  @returns {string} a row an answer, as RFC 4180 has it */
function csv(answers) {
  const codes = answers[0]?.card.classes.map(({ code }) => code) ?? []; // the same of every network
  const head = [
    ...["file", "answered_at", "verdict", "looks_most_like", "sureness"],
    ...codes,
    ...["malignant_together", "operating_point", "scope", "scope_threshold", "quality"],
    ...["quarter_turns", "frame_x", "frame_y", "frame_width", "frame_height", "model", "version"],
  ];
  const rows = answers.map(({ answered, card }) => {
    const { name, answeredAt, judgement, likeliest, probabilities, quarters, frame, network } = answered;
    const { scope } = card.judgement;
    return [
      ...[name, answeredAt, judgement.verdict, likeliest, judgement.sureness],
      ...card.classes.map(({ index }) => probabilities[index]),
      ...[judgement.malignant.probability, judgement.malignant.threshold, answered.scope, scope.threshold, judgement.quality.join(" ")],
      ...[quarters, frame.x, frame.y, frame.width, frame.height, network.name, network.version],
    ];
  });
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** @param {string | number | undefined} value */
function cell(value) {
  const text = String(value ?? "");
  // A spreadsheet takes such a text for a formula, and file names come from anywhere: as OWASP has it, an apostrophe
  // in front. Spreadsheets pass over spaces, quotes and signs that are not shown, and know the wide signs of Chinese.
  const tame = typeof value === "string" && /^(?:[\t\r\n]|[\s"'\p{C}]*[=+\-@＝＋－＠])/u.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
}

/** @param {CardedAnswer[]} answers */
function json(answers) {
  const warnings = Array.from(document.querySelectorAll(".warnings__list li"), (item) => item.textContent?.trim());
  const networks = [...new Set(answers.map(({ card }) => card))].map(({ name, version, input, judgement }) => {
    const { operating_point, sureness, scope, quality } = judgement;
    return { name, version, input, thresholds: { operating_point, sureness, scope: scope.threshold, quality } };
  });
  const photos = answers.map(({ answered, card }) => ({
    file: answered.name,
    answered_at: answered.answeredAt,
    network: answered.network,
    looks_most_like: answered.likeliest,
    probabilities: Object.fromEntries(card.classes.map(({ code, index }) => [code, answered.probabilities[index]])),
    scope: answered.scope,
    judgement: snakeCased(answered.judgement),
    framing: { quarter_turns: answered.quarters, ...answered.frame },
  }));
  return `${JSON.stringify({ format: FORMAT, made_with: "lesionlens", warnings, networks, photos }, null, 1)}\n`;
}

/** As `predict --json` says it. @param {PhotoDecision} decision */
function snakeCased({ rightOf100, malignant: { isAbove, ...malignant }, ...judgement }) {
  return { ...judgement, right_of_100: rightOf100, malignant: { ...malignant, is_above: isAbove } };
}

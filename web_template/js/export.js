"use strict";
/** Answers as files: CSV for tables, JSON for programs, and the page on paper. */
const Export = (() => {
  /**
   * Hand the answers over as a download; nothing leaves the device.
   * @param {AnsweredPhoto[]} answers  @param {Card} card  @param {"csv" | "json"} format
   */
  function save(answers, card, format) {
    const [text, type] = format === "csv" ? [csv(answers, card), "text/csv"] : [json(answers, card), "application/json"];
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `lesionlens.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // Safari begins the download after the click has returned
  }

  /** @param {AnsweredPhoto[]} answers  @param {Card} card  @returns {string} a row a photo, as RFC 4180 has it */
  function csv(answers, card) {
    const codes = card.classes.map(({ code }) => code);
    const { operating_point: point, scope } = card.judgement;
    const head = [
      ...["file", "answered_at", "verdict", "looks_most_like", "sureness"],
      ...codes,
      ...["malignant_together", "operating_point", "scope", "scope_threshold", "quality"],
      ...["quarter_turns", "frame_x", "frame_y", "frame_width", "frame_height", "model", "version"],
    ];
    const rows = answers.map(({ name, answeredAt, judgement, likeliest, probabilities, quarters, frame, network, ...answer }) => [
      ...[name, answeredAt, judgement.verdict, likeliest, judgement.sureness],
      ...card.classes.map(({ index }) => probabilities[index]),
      ...[judgement.malignant.probability, point.threshold, answer.scope, scope.threshold, judgement.quality.join(" ")],
      ...[quarters, frame.x, frame.y, frame.width, frame.height, network.name, network.version],
    ]);
    return [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  /** @param {string | number | undefined} value */
  function cell(value) {
    const text = String(value ?? "");
    // A spreadsheet takes such a text for a formula, and file names come from anywhere.
    const tame = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame;
  }

  /** @param {AnsweredPhoto[]} answers  @param {Card} card */
  function json(answers, card) {
    const { operating_point, sureness, scope, quality } = card.judgement;
    const warnings = Array.from(document.querySelectorAll(".warnings__list li"), (item) => item.textContent?.trim());
    const photos = answers.map(({ name, answeredAt, judgement, likeliest, probabilities, quarters, frame, network, scope }) => ({
      file: name,
      answered_at: answeredAt,
      network,
      looks_most_like: likeliest,
      probabilities: Object.fromEntries(card.classes.map(({ code, index }) => [code, probabilities[index]])),
      scope,
      judgement,
      framing: { quarter_turns: quarters, ...frame },
    }));
    const network = {
      name: card.name,
      version: card.version,
      input: card.input,
      thresholds: { operating_point, sureness, scope: scope.threshold, quality },
    };
    return `${JSON.stringify({ made_with: "lesionlens", warnings, network, photos }, null, 1)}\n`;
  }

  return Object.freeze({ save });
})();

/** Makes the headings of the leaderboard's tables ways to sort them; without this script they stand as they are. */

for (const table of document.querySelectorAll("table[data-sortable]")) {
  if (table instanceof HTMLTableElement) makeSortable(table);
}

/** @param {HTMLTableElement} table */
function makeSortable(table) {
  /** @type {HTMLTableCellElement[]} */
  const headings = [...table.querySelectorAll("thead th")].filter((one) => one instanceof HTMLTableCellElement);
  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sorter";
    const arrow = document.createElement("span");
    arrow.className = "sorter__arrow";
    arrow.setAttribute("aria-hidden", "true");
    button.append(heading.textContent ?? "", arrow);
    button.addEventListener("click", () => sort(table, headings, heading));
    heading.replaceChildren(button);
  }
}

/**
 * @param {HTMLTableElement} table
 * @param {HTMLTableCellElement[]} headings
 * @param {HTMLTableCellElement} heading of the column to sort by; a second time, the other way round
 */
export function sort(table, headings, heading) {
  const before = heading.getAttribute("aria-sort");
  const isAscending = before ? before === "descending" : heading.dataset.sort === "up";
  for (const other of headings) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
  const [body] = table.tBodies;
  const rows = [...body.rows].map((row) => ({ row, value: row.cells[heading.cellIndex].dataset.value ?? "" }));
  rows.sort((a, b) => {
    if (!a.value || !b.value) return Number(!a.value) - Number(!b.value); // what was not measured comes last
    return (isAscending ? 1 : -1) * compare(a.value, b.value);
  });
  body.append(...rows.map(({ row }) => row));
}

/** Numbers by size, names by the alphabet. @param {string} a  @param {string} b */
function compare(a, b) {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? a.localeCompare(b, "en") : difference;
}

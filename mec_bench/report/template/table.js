// The table, sorted by any of its columns.

const TEXT_COLUMNS = new Set(["method", "information"]);

/** Rows by a column; what has no value comes last whichever way it is sorted. */
function sorted(rows, column, descending) {
  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
  return [...rows].sort((p, q) => {
    const [a, b] = [p.values[column], q.values[column]];
    if (a === null || b === null) return (a === null) - (b === null);
    return descending ? compare(b, a) : compare(a, b);
  });
}

function drawTable(host, columns, rows, scaleRows, styles, sort, resort) {
  const scale = whiskerScale(scaleRows);
  const head = el("tr");
  columns.forEach((column, k) => {
    const direction = k === sort.column ? (sort.descending ? "descending" : "ascending") : null;
    head.append(el("th", {
      scope: "col", "aria-sort": direction, class: [column.key, TEXT_COLUMNS.has(column.key) ? "text" : ""].join(" ").trim(),
    }, el("button", { type: "button", title: column.meaning, onclick: () => resort(k) }, column.title)));
    if (column.key === "mean" && scale) head.append(whiskerHead(scale));
  });
  const body = el("tbody");
  for (const row of sorted(rows, sort.column, sort.descending)) {
    const line = el("tr", { "data-method": row.method });
    columns.forEach((column, k) => {
      line.append(place(column.key, row, k, styles));
      if (column.key === "mean" && scale) line.append(el("td", { class: "drawn" }, whisker(row, scale, styles)));
    });
    body.append(line);
  }
  const focused = host.contains(document.activeElement)
    ? [...host.querySelectorAll("th button")].indexOf(document.activeElement) : -1;
  host.replaceChildren(el("table", {}, el("thead", {}, head), body));
  if (!rows.length) host.append(empty("No method of this kind was run on this suite."));
  if (focused >= 0) host.querySelectorAll("th button")[focused].focus();
}

function place(key, row, k, styles) {
  if (key === "method") {
    return el("th", { scope: "row", title: row.method },
      glyph(row.kind, styles.get(row.method).colour), row.texts[k]);
  }
  const marks = [TEXT_COLUMNS.has(key) ? "text" : "", key];
  if (key === "failed" && row.values[k] > 0) marks.push("bad");
  return el("td", { class: marks.join(" ").trim() }, row.texts[k],
    row.notes[k] ? el("small", {}, row.notes[k]) : null);
}

/** The common scale of the whiskers: the gaps of the whole suite, so that filters move nothing. */
function whiskerScale(rows) {
  const gaps = rows.flatMap((row) => (row.gap === null ? [] : [row.gap, ...(row.interval || [])]));
  return gaps.length ? logScale(...around(gaps, 1.3, LEAST_GAP)) : null;
}

const whiskerHead = (scale) => el("th", { class: "plain", scope: "col", title: "Mean gap and its interval, logarithmic" },
  el("div", {}, ...[Math.max(scale.low, LEAST_GAP), scale.high].map((end) => el("span", {}, asPercent(Number(end.toPrecision(1)))))));

function whisker(row, scale, styles) {
  if (row.gap === null) return null;
  const x = (gap) => 6 + 80 * scale.at(gap);
  const own = { "--own": styles.get(row.method).colour };
  return svg("svg", { class: "whisker", viewBox: "0 0 92 18", "aria-hidden": "true", ...own },
    svg("line", { class: "gridline", x1: 6, x2: 86, y1: 9, y2: 9 }),
    row.interval
      ? svg("line", { class: "curve", x1: x(row.interval[0]), x2: x(row.interval[1]), y1: 9, y2: 9 }) : null,
    shape(row.kind, { class: "mark", transform: `translate(${x(row.gap)},9)`, "data-method": row.method }));
}

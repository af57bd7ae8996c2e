// Everything that is text: the message, failures, meanings, settings, provenance.

function drawMessage(host, verdict, sentences) {
  if (!verdict && !sentences.length) return host.remove();
  if (verdict) host.append(el("p", { class: "verdict" }, verdict));
  if (!sentences.length) return undefined;
  // On a phone the sentences would push the table off the first pages.
  return host.append(el("details", { open: innerWidth > 760 }, el("summary", {}, "Suite by suite"),
    el("ul", {}, ...sentences.map((sentence) => el("li", {}, sentence)))));
}

function drawKinds(host) {
  host.append(...Object.entries(KINDS).map(([kind, { name }]) =>
    el("span", { class: "kind" }, glyph(kind, "var(--soft)"), name)));
}

function drawFailures(host, rows) {
  const failed = rows.flatMap((row) => row.failed.map((cell) => ({ method: row.method, ...cell })));
  host.replaceChildren();
  if (!failed.length) return;
  host.append(el("details", {},
    el("summary", {}, failed.length === 1 ? "1 run failed" : `${failed.length} runs failed`),
    ...failed.flatMap((cell) => [
      el("p", {}, el("b", {}, `${cell.method}, seed ${cell.seed}: `), cell.error || "no reason given"),
      cell.traceback ? el("pre", { tabindex: "0" }, cell.traceback) : null,
    ])));
}

function drawSettings(host, rows) {
  host.replaceChildren(...rows.flatMap((row) => [
    el("p", {}, el("b", {}, `${row.method}: `),
      el("code", {}, row.settings && Object.keys(row.settings).length
        ? JSON.stringify(row.settings) : "none of its own")),
  ]));
}

function drawMeanings(host, columns) {
  host.append(...columns.flatMap((column) => [el("dt", {}, column.title), el("dd", {}, column.meaning)]));
}

function drawProvenance(host, provenance, written) {
  const list = (title, entries) => (entries.length
    ? [el("b", {}, title), el("ul", { class: "plain-list" }, ...entries.map((entry) =>
      el("li", {}, `${entry.text} (${entry.cells} ${entry.cells === 1 ? "run" : "runs"})`)))]
    : []);
  const dates = provenance.from ? `, made from ${provenance.from} to ${provenance.to}` : "";
  host.append(
    el("p", {}, `${provenance.cells} runs${dates}. Page written ${written}.`),
    ...list("Machines", provenance.machines), ...list("Revisions", provenance.revisions),
    ...list("Versions", provenance.versions), ...list("Commands", provenance.commands));
}

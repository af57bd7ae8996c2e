// Performance profiles, learning curves, and the legend that they share.

const path = (figure, xs, ys) =>
  xs.map((x, k) => `${k ? "L" : "M"}${figure.px(x).toFixed(1)},${figure.py(ys[k]).toFixed(1)}`).join("");

function line(figure, row, styles, xs, ys, text) {
  const style = styles.get(row.method);
  const node = svg("path", {
    class: "curve", d: path(figure, xs, ys), "stroke-dasharray": style.dash || null,
    "data-method": row.method, "--own": style.colour,
  });
  node.append(svg("title", {}, text));
  return node;
}

function drawProfiles(host, rows, styles, taus) {
  const shown = rows.filter((row) => row.profile);
  if (!shown.length) return host.replaceChildren(empty("No method is switched on."));
  const figure = frame(host, {
    x: logScale(taus[0], taus[taus.length - 1]), y: linearScale(0, 1),
    xText: asPercent, yText: (share) => `${Math.round(100 * share)} %`,
    xTitle: "gap at most", yTitle: "share of slots",
    label: "Share of slots within a gap, for each method",
  });
  for (const row of shown) {
    const half = row.profile.findIndex((share) => share >= 0.5);
    const text = half < 0 ? "" : `: half of the slots within ${asPercent(taus[half])}`;
    figure.plot.append(line(figure, row, styles, taus, row.profile, row.method + text));
  }
}

function drawCurves(host, rows, styles, bound, simple) {
  const shown = rows.filter((row) => row.curve);
  if (!shown.length) return host.replaceChildren(empty("No method that is switched on has a learning curve."));
  const references = [["certified bound", bound]];
  if (simple) references.push([simple.method, simple.objective]);
  const levels = references.map(([, value]) => value).filter((value) => value > 0);
  const [low, high] = around([...shown.flatMap((row) => row.curve.objective), ...levels], 1.06);
  const figure = frame(host, {
    x: linearScale(0, Math.max(...shown.map((row) => row.curve.seconds.at(-1)))), y: logScale(low, high),
    xText: plain, yText: plain, xTitle: "processor seconds for one world", yTitle: "objective on training slots",
    label: "Learning curves: objective against processor seconds",
  });
  const inside = (value) => Math.min(Math.max(value, low), high);
  for (const row of shown) {
    const { seconds, objective, low: least, high: most } = row.curve;
    const up = path(figure, seconds, most.map(inside));
    const down = path(figure, [...seconds].reverse(), [...least].reverse().map(inside)).replace("M", "L");
    figure.plot.append(svg("path", {
      class: "band", d: `${up}${down}Z`, "data-method": row.method, "--own": styles.get(row.method).colour,
    }));
    figure.plot.append(line(figure, row, styles, seconds, objective,
      `${row.method}: ${plain(objective.at(-1))} after ${plain(seconds.at(-1))} s`));
  }
  let last = Infinity;
  for (const [name, value] of references.filter(([, v]) => v > 0).sort((a, b) => b[1] - a[1])) {
    const y = figure.py(value);
    // Two levels that are close would write over each other: the lower one is written below its line.
    const below = Math.abs(y - last) < 16 || y < figure.top + 16;
    last = y;
    figure.plot.append(
      svg("line", { class: "reference", x1: figure.left, x2: figure.left + figure.width, y1: y, y2: y }),
      svg("text", { class: "soft halo", x: figure.left + figure.width - 5, y: y + (below ? 14 : -5), "text-anchor": "end" },
        `${name} (suite)`));
  }
}

function drawCourses(host, rows, styles, slots) {
  const shown = rows.filter((row) => row.course);
  if (!shown.length) return host.replaceChildren(empty("No method that is switched on was followed over an episode."));
  const figure = frame(host, {
    x: linearScale(0, slots), y: linearScale(0, 1.05 * Math.max(...shown.flatMap((row) => row.course))),
    xText: plain, yText: plain, xTitle: "slot of the episode", yTitle: "objective of a slot",
    label: "Objective of a slot as an episode goes on, for each method",
  });
  for (const row of shown) {
    const at = row.course.map((_, k) => (slots * (k + 0.5)) / row.course.length);
    figure.plot.append(line(figure, row, styles, at, row.course, row.method));
  }
}

/** Up to eight methods to begin with: solvers and oracles, then the best learners and the best others in turn. */
function firstShown(rows) {
  const done = rows.filter((row) => row.gap !== null);
  const learners = done.filter((row) => row.kind === "learner");
  const others = done.filter((row) => row.kind === "rule" || row.kind === "search");
  const chosen = done.filter((row) => row.kind === "solver" || row.kind === "oracle");
  for (let k = 0; k < Math.max(learners.length, others.length); k++) {
    chosen.push(...[learners[k], others[k]].filter(Boolean));
  }
  return new Set(chosen.slice(0, 8).map((row) => row.method));
}

function drawLegend(host, rows, styles, on, changed) {
  host.replaceChildren(...rows.filter((row) => row.gap !== null).map((row) => {
    const style = styles.get(row.method);
    const swatch = svg("svg", { class: "swatch", viewBox: "0 0 26 10", "aria-hidden": "true", "--own": style.colour },
      svg("path", { class: "curve", d: "M0,5 H26", "stroke-dasharray": style.dash || null }));
    return el("button", {
      type: "button", "aria-pressed": String(on.has(row.method)), "data-method": row.method,
      onclick: (event) => {
        if (!on.delete(row.method)) on.add(row.method);
        event.currentTarget.setAttribute("aria-pressed", String(on.has(row.method)));
        changed();
      },
    }, swatch, row.method);
  }));
}

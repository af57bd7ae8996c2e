// Gap against decision time: a point a method, labelled.

// Below this all are at the optimum; a logarithmic axis needs an end.
const LEAST_GAP = 1e-6;

function drawSpeed(host, rows, styles) {
  const shown = rows.filter((row) => row.gap !== null && row.milliseconds > 0);
  if (!shown.length) return host.replaceChildren(empty("No method here has a decision time."));
  const figure = frame(host, {
    x: logScale(...around(shown.map((row) => row.milliseconds), 1.8)),
    y: logScale(...around(shown.map((row) => row.gap), 1.8, LEAST_GAP)),
    xText: asTime,
    yText: (gap) => (gap <= LEAST_GAP * 1.01 ? `≤ ${asPercent(LEAST_GAP)}` : asPercent(gap)),
    xTitle: "median time of a decision", yTitle: "mean gap", height: 460, least: 400,
    label: "Mean gap against decision time of each method, both logarithmic; the table has the numbers",
  });
  const points = shown.map((row) => ({
    row, x: figure.px(row.milliseconds), y: figure.py(Math.max(row.gap, LEAST_GAP)), ...styles.get(row.method),
  }));
  figure.plot.append(svg("polyline", { class: "front", points: front(points) }));
  for (const label of placeLabels(points, figure)) figure.plot.append(...label);
  for (const p of points) {
    figure.plot.append(shape(p.row.kind, {
      class: "mark", transform: `translate(${p.x},${p.y})`, "data-method": p.row.method, "--own": p.colour,
    }));
    figure.plot.lastChild.append(svg("title", {}, inWords(p.row)));
  }
}

const inWords = (row) => `${row.method}: gap ${row.gap < LEAST_GAP ? "at most " : ""}`
  + `${asPercent(Math.max(row.gap, LEAST_GAP))}, ${asTime(row.milliseconds)} a decision`;

/** Points that no other beats in both, by time: as an SVG polyline. */
function front(points) {
  let best = -Infinity; // pixels grow downwards, and so do better gaps
  return [...points].sort((a, b) => a.x - b.x || b.y - a.y)
    .filter((p) => p.y > best && (best = p.y, true)).map((p) => `${p.x},${p.y}`).join(" ");
}

/** Each label at the nearest free place around its point, with a thin line if that is far. */
function placeLabels(points, figure) {
  const taken = points.map((p) => [p.x - 7, p.y - 7, p.x + 7, p.y + 7]);
  const free = (box) => taken.every((t) => box[2] < t[0] || box[0] > t[2] || box[3] < t[1] || box[1] > t[3]);
  const inside = (box) => box[0] >= figure.left && box[2] <= figure.left + figure.width
    && box[1] >= figure.top && box[3] <= figure.top + figure.height;
  return points.map((p) => {
    const text = p.row.method.length > 24 ? `${p.row.method.slice(0, 23)}…` : p.row.method;
    const w = textWidth(text);
    let found = null;
    for (const distance of [11, 22, 36, 52, 72, 96]) {
      for (const angle of [0, 180, 90, 270, 30, 330, 150, 210, 60, 300, 120, 240]) {
        const [dx, dy] = [Math.cos((angle * Math.PI) / 180), -Math.sin((angle * Math.PI) / 180)];
        const cx = p.x + dx * (distance + w / 2) * (Math.abs(dx) > 0.1 ? 1 : 0);
        const cy = p.y + dy * (distance + 3);
        const box = [cx - w / 2 - 1, cy - 7, cx + w / 2 + 1, cy + 7];
        if (inside(box) && free(box)) { found = { cx, cy, box, distance, dx }; break; }
      }
      if (found) break;
    }
    if (!found) return [];
    taken.push(found.box);
    const label = svg("text", {
      class: "label halo", x: found.cx, y: found.cy + 4, "text-anchor": "middle", "data-method": p.row.method,
    }, text);
    if (found.distance < 20) return [label];
    const edge = found.cx - Math.sign(found.dx) * (Math.abs(found.dx) > 0.1 ? w / 2 : 0);
    return [svg("line", { class: "leader", x1: p.x, y1: p.y, x2: edge, y2: found.cy }), label];
  });
}

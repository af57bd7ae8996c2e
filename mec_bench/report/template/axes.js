// Scales, ticks and the frame of a figure.

/** 1 -> "1", 0.001 -> "0.001", 12000 -> "12,000": no more digits than it has. */
const plain = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 9 });

/** A gap as percent. */
const asPercent = (value) => `${plain(100 * value)} %`;

/** A time in ms, in the unit that suits it. */
function asTime(ms) {
  if (ms >= 1000) return `${plain(ms / 1000)} s`;
  return ms >= 1 ? `${plain(ms)} ms` : `${plain(ms * 1000)} µs`;
}

/** A logarithmic scale over low..high > 0, with ticks at decades, and at 2 and 5 where decades are few. */
function logScale(low, high) {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  const span = b - a || 1;
  const steps = span > 2.2 ? [1] : span > 1 ? [1, 3] : [1, 1.5, 2, 3, 4, 5, 7];
  // At most some seven labels fit on a phone.
  const every = Math.max(1, Math.ceil(span / 6));
  const ticks = [];
  for (let decade = Math.floor(a); decade <= b; decade++) {
    if (decade % every) continue;
    for (const step of steps) {
      const value = step * 10 ** decade;
      if (value >= low * 0.9999 && value <= high * 1.0001) ticks.push(value);
    }
  }
  return { at: (value) => (Math.log10(Math.max(value, low)) - a) / span, ticks, low, high };
}

/** A linear scale over low..high with some five round ticks. */
function linearScale(low, high) {
  const raw = (high - low || 1) / 5;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((k) => k * unit >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  return { at: (value) => (value - low) / (high - low || 1), ticks, low, high };
}

/** Low and high of positive values, widened by a factor: for a logarithmic scale. */
function around(values, factor, floor = 0) {
  const kept = values.filter((value) => value !== null).map((value) => Math.max(value, floor));
  return [Math.min(...kept) / factor, Math.max(...kept) * factor];
}

/**
 * An empty figure with axes, appended to `host`.
 * options: x, y (scales), xText, yText (tick to text), xTitle, yTitle, label, height, least.
 * Returns {plot, px, py, width, height, left, top}: the group to draw in, and value to pixel.
 */
function frame(host, options) {
  const width = Math.max(240, host.clientWidth - 18);
  const yTexts = options.y.ticks.map(options.yText);
  const left = Math.max(...yTexts.map(textWidth), 20) + 12;
  const [top, right, bottom] = [26, 14, 44];
  const height = Math.min(options.height || 360, Math.max(options.least || 280, width * 0.8));
  const w = width - left - right;
  const h = height - top - bottom;
  const px = (value) => left + w * options.x.at(value);
  const py = (value) => top + h * (1 - options.y.at(value));
  const axes = svg("g", { "aria-hidden": "true" });
  options.y.ticks.forEach((tick, k) => {
    axes.append(
      svg("line", { class: "gridline", x1: left, x2: left + w, y1: py(tick), y2: py(tick) }),
      svg("text", { class: "tick", x: left - 7, y: py(tick) + 4, "text-anchor": "end" }, yTexts[k]));
  });
  let free = -Infinity;
  for (const tick of options.x.ticks) {
    axes.append(svg("line", { class: "gridline", x1: px(tick), x2: px(tick), y1: top, y2: top + h }));
    const text = options.xText(tick);
    const half = textWidth(text) / 2;
    const middle = Math.min(px(tick), width - half - 1);
    if (middle - half < free) continue;
    free = middle + half + 8;
    axes.append(svg("text", { class: "tick", x: middle, y: top + h + 17, "text-anchor": "middle" }, text));
  }
  axes.append(
    svg("rect", { class: "frame", x: left, y: top, width: w, height: h }),
    svg("text", { class: "soft", x: left + w, y: height - 6, "text-anchor": "end" }, options.xTitle),
    svg("text", { class: "soft", x: 2, y: 14 }, options.yTitle));
  const plot = svg("g");
  host.replaceChildren(svg("svg", {
    width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": options.label,
  }, axes, plot));
  return { plot, px, py, width: w, height: h, left, top };
}

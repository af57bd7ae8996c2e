// Elements. Text only ever becomes text nodes, so that no name or error can be markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) node.style.setProperty(key, value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** An HTML element: el("p", {class: "small"}, "text", otherNode). */
const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);

/** An SVG element, in the same way. */
const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

const byId = (id) => document.getElementById(id);

// What a method is, and the shape that says so: colour alone never does.
const KINDS = {
  solver: { name: "solver, certifies the slot", path: "M0,-6.5 L6.5,0 L0,6.5 L-6.5,0 Z" },
  rule: { name: "rule, looks for no optimum", path: "M-5,0 A5,5 0 1,0 5,0 A5,5 0 1,0 -5,0 Z" },
  search: { name: "search, untrained", path: "M-4.6,-4.6 H4.6 V4.6 H-4.6 Z" },
  oracle: { name: "oracle, is shown the future", path: "M-2,-6 H2 V-2 H6 V2 H2 V6 H-2 V2 H-6 V-2 H-2 Z" },
  learner: { name: "learner", path: "M0,-6.2 L5.8,4.4 L-5.8,4.4 Z" },
};

/** The shape of a kind of method, around (0, 0). */
const shape = (kind, attributes) => svg("path", { d: KINDS[kind].path, ...attributes });

/** The same as a small picture in a line of text. */
const glyph = (kind, colour) =>
  svg("svg", { class: "glyph", viewBox: "-7 -7 14 14", "aria-hidden": "true", "--own": colour },
    shape(kind, { class: "mark" }));

const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

/** Colour and dash of each method, the same on every suite. */
function stylesOf(methods) {
  return new Map(methods.map((method, k) => [
    method, { colour: `var(--c${k % 8})`, dash: DASHES[Math.floor(k / 8) % DASHES.length] },
  ]));
}

let pen = null;
/** Width of a text in a figure [px]. */
function textWidth(text) {
  pen = pen || document.createElement("canvas").getContext("2d");
  pen.font = "12px system-ui, sans-serif";
  return pen.measureText(text).width;
}

const empty = (text) => el("p", { class: "empty" }, text);

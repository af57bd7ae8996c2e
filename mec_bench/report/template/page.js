// State and wiring: what is chosen, and what is drawn anew when that changes.

const DATA = unpack(JSON.parse(byId("data").textContent));
const STYLES = stylesOf(DATA.methods);
const RANK = DATA.columns.findIndex((column) => column.key === "rank");
const state = { board: 0, information: "", sort: { column: RANK, descending: false }, on: new Set() };

const board = () => DATA.boards[state.board];
const rows = () => board().rows.filter((row) => !state.information || row.information === state.information);

function about() {
  const { devices, servers, worlds, episodes, slots, hash } = board();
  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const scene = devices ? `${count(devices, "device")}, ${count(servers, "server")}; ` : "";
  byId("about").textContent = `${scene}${count(worlds, "world")} × ${count(episodes, "episode")} × `
    + `${count(slots, "slot")}; suite hash ${String(hash).slice(0, 12)}`;
}

function resort(column) {
  const { sort } = state;
  sort.descending = column === sort.column ? !sort.descending : false;
  sort.column = column;
  table();
}

const table = () =>
  drawTable(byId("standings"), DATA.columns, rows(), board().rows, STYLES, state.sort, resort);

function lines() {
  const shown = rows().filter((row) => state.on.has(row.method));
  const simple = board().rows.find((row) => row.gap !== null && (row.kind === "rule" || row.kind === "search"));
  const objective = DATA.columns.findIndex((column) => column.key === "objective");
  drawProfiles(byId("profiles"), shown, STYLES, DATA.taus);
  drawCurves(byId("curves"), shown, STYLES, board().bound,
    simple && { method: simple.method, objective: simple.values[objective] });
  byId("course-section").hidden = !board().rows.some((row) => row.course);
  if (!byId("course-section").hidden) drawCourses(byId("course"), shown, STYLES, board().slots);
}

/** The method on the map: as chosen, or the best learner, or the first there is. */
function chooseMap() {
  const { map } = board();
  const allowed = new Map(rows().map((row) => [row.method, row]));
  const entries = map ? map.methods.filter((entry) => allowed.has(entry.method)) : [];
  byId("map-section").hidden = !entries.length;
  const select = byId("map-method");
  const before = select.value;
  select.replaceChildren(...entries.map((entry) => el("option", { value: entry.method }, entry.method)));
  const first = entries.find((entry) => allowed.get(entry.method).kind === "learner") || entries[0];
  if (entries.some((entry) => entry.method === before)) select.value = before;
  else if (first) select.value = first.method;
}

function maps() {
  const { map } = board();
  const entry = map && map.methods.find(({ method }) => method === byId("map-method").value);
  if (!entry || byId("map-section").hidden) return;
  drawMap(byId("map-method-figure"), map, entry, map.certified);
  drawMap(byId("map-certified-figure"), map, map.certified, null);
}

function figures() {
  drawSpeed(byId("speed"), rows(), STYLES);
  lines();
  maps();
}

function everything() {
  about();
  table();
  drawFailures(byId("failures"), rows());
  drawSettings(byId("settings"), rows());
  drawLegend(byId("legend"), rows(), STYLES, state.on, lines);
  chooseMap();
  figures();
}

/** Light up whatever belongs to the method under the pointer or in focus. */
function light(event) {
  const node = event.target.closest ? event.target.closest("[data-method]") : null;
  const method = node && node.dataset.method;
  document.body.classList.toggle("lighting", Boolean(method));
  for (const other of document.querySelectorAll("[data-method]")) {
    other.classList.toggle("lit", other.dataset.method === method);
  }
  const row = method && board().rows.find((candidate) => candidate.method === method);
  if (row && row.gap !== null) byId("lit").textContent = inWords(row);
}

function begin() {
  drawMessage(byId("message"), DATA.verdict, DATA.sentences);
  drawKinds(byId("kinds"));
  drawMeanings(byId("meanings"), DATA.columns);
  drawProvenance(byId("provenance"), DATA.provenance, DATA.written);
  if (!DATA.boards.length) {
    return document.querySelector("main").prepend(empty("There are no results yet."));
  }
  const suite = byId("suite");
  suite.append(...DATA.boards.map(({ label }, k) => el("option", { value: k }, label)));
  // A browser may remember choices over a reload; what is drawn follows what it shows.
  byId("controls").reset();
  state.on = firstShown(board().rows);
  suite.addEventListener("change", () => {
    state.board = Number(suite.value);
    state.on = firstShown(board().rows);
    everything();
  });
  for (const choice of document.querySelectorAll("[name=information]")) {
    choice.addEventListener("change", () => { state.information = choice.value; everything(); });
  }
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("map-method").addEventListener("change", maps);
  document.addEventListener("pointerover", light);
  document.addEventListener("focusin", light);
  everything();
  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    figures();
  });
}

begin();

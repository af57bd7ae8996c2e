// One slot: who offloads to which server.

/** A map with a caption. other: the decision to compare with, or null. */
function drawMap(host, map, entry, other) {
  const figure = el("figure", { class: "map" });
  host.replaceChildren(figure);
  const room = 12;
  const width = Math.max(220, figure.clientWidth - 18);
  const scale = (width - 2 * room) / map.width;
  const height = map.height * scale + 2 * room;
  const at = ([x, y]) => [room + x * scale, height - room - y * scale];
  const colour = (server) => `var(--c${(server - 1) % 8})`;
  const size = map.devices.length > 250 ? 2.4 : map.devices.length > 80 ? 3.4 : 4.6;
  const [wires, devices, servers] = [svg("g"), svg("g"), svg("g")];
  let [offloaded, different] = [0, 0];
  map.devices.forEach((place, k) => {
    const [x, y] = at(place);
    const server = entry.decision[k];
    const circle = svg("circle", { cx: x, cy: y, r: size, class: server ? "device" : "device own" });
    const where = server ? `server ${server}` : "locally";
    if (server) {
      offloaded++;
      const [sx, sy] = at(map.servers[server - 1]);
      wires.append(svg("line", { class: "wire", x1: x, y1: y, x2: sx, y2: sy, "--own": colour(server) }));
      circle.style.setProperty("--own", colour(server));
    }
    circle.append(svg("title", {}, `device ${k + 1}: ${where}`));
    devices.append(circle);
    if (other && other.decision[k] !== server) {
      different++;
      devices.append(svg("circle", { class: "other", cx: x, cy: y, r: size + 2.6 }));
    }
  });
  const half = map.servers.length > 30 ? 5 : 8;
  map.servers.forEach((place, k) => {
    const [x, y] = at(place);
    servers.append(svg("rect", {
      class: "server", x: x - half, y: y - half, width: 2 * half, height: 2 * half, rx: 2, "--own": colour(k + 1),
    }));
    if (half > 5) servers.append(svg("text", { class: "server-number", x, y: y + 4 }, String(k + 1)));
  });
  const words = [
    `objective ${plain(entry.objective)}`,
    `gap ${asPercent(Math.max(entry.gap, 0) < 5e-6 ? 0 : entry.gap)}`,
    `${offloaded} of ${map.devices.length} devices offload`,
  ];
  if (other) words.push(`${different} decided otherwise`);
  figure.append(
    svg("svg", {
      width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `Map of ${map.devices.length} devices and ${map.servers.length} servers, ${entry.method}`,
    }, svg("rect", { class: "frame", x: 1, y: 1, width: width - 2, height: height - 2, rx: 4 }), wires, devices, servers),
    el("figcaption", {}, el("b", {}, entry.method), words.join(", ")));
}

// What mec_bench/report/packed.py made short, in full again.

function unpack(data) {
  const profile = ({ from, shares }) =>
    data.taus.map((_, k) => (k < from ? 0 : shares[Math.min(k - from, shares.length - 1)]));
  const full = (entry) => {
    if (typeof entry.decision === "string") entry.decision = [...entry.decision].map((c) => parseInt(c, 36));
  };
  for (const board of data.boards) {
    const { rows: columns, map } = board;
    const count = Math.max(0, ...Object.values(columns).map((column) => column.length));
    board.rows = Array.from({ length: count }, (_, k) =>
      Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, column[k]])));
    for (const row of board.rows) {
      const notes = new Map(row.notes);
      row.notes = data.columns.map((_, k) => notes.get(k) || "");
      if (row.profile) row.profile = profile(row.profile);
      row.settings = data.settings[row.settings];
    }
    if (map) [map.certified, ...map.methods].forEach(full);
  }
  return data;
}

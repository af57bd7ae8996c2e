// What mec_bench/report/packed.py made short, in full again.

function unpack(data) {
  const profile = ({ from, shares }) =>
    data.taus.map((_, k) => (k < from ? 0 : shares[Math.min(k - from, shares.length - 1)]));
  const full = (entry) => {
    if (typeof entry.decision === "string") entry.decision = [...entry.decision].map((c) => parseInt(c, 36));
  };
  for (const { rows, map } of data.boards) {
    for (const row of rows) {
      if (row.profile) row.profile = profile(row.profile);
      row.settings = data.settings[row.settings];
    }
    if (map) [map.certified, ...map.methods].forEach(full);
  }
  return data;
}

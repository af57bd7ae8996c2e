"""The generated parts of the documentation: python docs/make_tables.py

Tables come from the registries and from the records in ``benchmarks/results``, so that no page says
what is no longer so. A part stands between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``. With
``--check`` nothing is written, and pages that are not current are named.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Also where a test loads this file: its own folder, and the checkout.
sys.path[:0] = [folder for folder in (str(ROOT / "docs"), str(ROOT)) if folder not in sys.path]

from making.classes import first_line, said_by  # noqa: E402
from making.curves import curves  # noqa: E402

import mec_env  # noqa: E402
from dirs_solver import LEARNERS, find_learner  # noqa: E402
from dirs_solver.plugins import MANIFESTS  # noqa: E402
from mec_bench.tables import markdown_table  # noqa: E402
from mec_env.laws.coupling import coupling_of  # noqa: E402
from mec_env.limits import Range, lower, upper  # noqa: E402
from mec_env.simulator.observation import table as blocks  # noqa: E402
from mec_env.whole_file import write_text  # noqa: E402

DOCS, RESULTS = ROOT / "docs", ROOT / "benchmarks" / "results"
PICTURES = DOCS / "pictures"
#: What each scenario is for; a new one needs a sentence here.
SAYS = {
    "paper-medium": "The paper's section V-B: two servers at given places, a 50 m square, equal tasks.",
    "paper-large": "The paper's section V-C and the default: servers at the centres that k-means finds.",
    "paper-xlarge": "The paper's section V-D.",
    "paper-large-gaussian": "Table III: devices crowd around the middle.",
    "paper-large-levy": "Table III: devices along a Lévy walk.",
    "paper-large-50kB": "Table IV: half the data.",
    "paper-large-1000kB": "Table IV: ten times the data.",
    "paper-large-0.5Gcycles": "Table IV: half the work.",
    "paper-large-2Gcycles": "Table IV: twice the work.",
    "paper-large-time-sensitive": "Fig. 6: time counts three times as much as energy.",
    "paper-large-energy-sensitive": "Fig. 6: energy counts three times as much as time.",
    "square-km": "A square kilometre with six clusters of devices. Tasks, devices and servers are unequal, tasks are redrawn every slot, and links decide: here learning counts.",
    "square-50m": "The same on 50 m, where links hardly differ and servers crowd.",
    "follow-me": "Devices walk, and a device's service stands on one server. Offloading to another moves it first, which costs time. A policy that looks at one slot alone moves services too often, or fails to move them when it pays.",
    "follow-me-light": "The same with faster devices, less data and half the state to move.",
    "harvest": "Devices live on what they harvest from the sun, an hour a slot for four days. A device that spends all at noon has nothing at night.",
    "harvest-bursts": "The same with harvests that come and go by chance.",
    "rush-hour": "Tasks wait in queues at the servers, and come in waves that wander over the map. A long queue makes the next tasks wait.",
    "rush-hour-bursts": "The same with bursts of tasks.",
}  # fmt: skip
#: Trivial rules of the audit.
TRIVIAL = ("local", "remote", "random", "nearest", "best-link")


def words(head, rows):
    """A table of words, which stand on the left."""
    return markdown_table(head, rows).replace("---:", "---")


def said(value, unit=1.0):
    """A number, or the ends of a range, in units that read well."""
    if isinstance(value, Range):
        return f"{lower(value) / unit:g} to {upper(value) / unit:g}"
    return f"{value / unit:g}" if isinstance(value, (int, float)) else "given"


def room(name, audit, coupled):
    """What a trivial rule leaves to gain, or with a coupling myopia, in words."""
    above = [
        row["above"] for row in coupled if (row["scenario"], row["reference"]) == (name, "myopic")
    ]
    if above:
        return f"{sum(above[0]) / len(above[0]):.1f} % (myopic)"
    if name in audit:
        found = audit[name][0]
        best = min(TRIVIAL, key=lambda rule: found[f"{rule}+admission"])
        return f"{found[f'{best}+admission']:.2f} % ({best})"
    return "not measured"


def scenarios():
    """A table of all scenarios, and a section for each."""
    audit = json.loads((RESULTS / "audit.json").read_text())["scenarios"]
    coupled = json.loads((RESULTS / "coupled.json").read_text())["rows"]
    head = ["scenario", "devices × servers", "map [m]", "passes on", "room to play"]
    passes = {"none": "nothing", "moving": "services", "battery": "energy", "backlog": "queues"}
    rows, sections = [], []
    for name, s in mec_env.SCENARIOS.items():
        left = room(name, audit, coupled)
        coupling = coupling_of(s)
        link = f"[`{name}`](#{name.replace('.', '').lower()})"
        rows.append((link, f"{s.iotds} × {s.mecs}", f"{s.area[0]:g}", passes[coupling], left))
        drawn = " per slot" if isinstance(s.cycles, Range) and s.tasks == "slot" else ""
        facts = [
            ("Room to play", left),
            ("Task", f"{said(s.data_bits, 8e3)} kB and {said(s.cycles, 1e9)} Gcycles{drawn}"),
            ("Device", f"{said(s.local_speed, 1e9)} Gcycles/s, layout {s.device_layout}"),
            ("Server", f"{said(s.server_speed, 1e9)} Gcycles/s, layout {s.server_layout}"),
            ("Channel", f"{s.channel}, exponent {s.path_loss_exponent:g}"),
            ("Weights", f"{s.weight_time:g} a second, {s.weight_energy:g} a joule"),
            ("Episode", f"{s.slots} slots, reward `{s.reward}`"),
        ]
        lines = "\n".join(f"- {key}: {value}." for key, value in facts)
        sections.append(f"### {name}\n\n{SAYS[name]}\n\n{lines}")
    return "\n\n".join([markdown_table(head, rows), "## Each of them", *sections])


def suites():
    """The frozen suites."""
    head = ["suite", "devices × servers", "worlds", "episodes", "slots", "score of"]
    rows = [
        (
            f"`{s.name}`", f"{s.scenario.iotds} × {s.scenario.mecs}", str(len(s.world_seeds)),
            str(len(s.episode_seeds)), str(s.scenario.slots), f"each {s.unit}",
        )
        for s in mec_env.SUITES.values()
    ]  # fmt: skip
    return markdown_table(head, rows)


def observations():
    """Blocks of the whole observation, in their order."""
    return words(["block", "shape", "range", "unit", "meaning", "present"], blocks())


def rules():
    """The rules, by the first lines of their docstrings."""
    rows = [(f"`{name}`", first_line(rule.__doc__)) for name, rule in mec_env.RULES.items()]
    return words(["rule", "decides"], rows)


def scores():
    """Rows of docs/leaderboard.md: (learner, suite, gap, NRR, training [s], decision [ms])."""
    text, found = (DOCS / "leaderboard.md").read_text(encoding="utf-8"), []
    for part in text.split("\n### ")[1:]:
        suite = part.splitlines()[0].strip()
        for line in part.splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if len(cells) == 11 and cells[1].isdigit():
                found.append((cells[0], suite, cells[4], cells[5], cells[6], cells[7]))
    return found


def acts(name):
    """How a learner's policy acts, by its name, in words."""
    if name.endswith(("-prices", "-any")) or name.startswith("priced"):
        return "a price a server, `Box(-1, 1)`"
    if name.startswith(("dirs", "ma")) or any(part in name for part in ("ddpg", "td3", "sac")):
        return "scores, `Box(0, 1)`, that servers give to devices"
    return "decisions, 0 or j for each device"


def learners():
    """A section for each learner: what it sees, how it acts, its settings, cost and score."""
    recorded, texts = scores(), curves()
    sections = []
    for name, place in LEARNERS.items():
        # Read from the source: not every library can be installed beside the others.
        doc, information = said_by(place.place)
        facts = [
            ("Sees", information),
            ("Acts by", acts(name)),
            ("Class", f"`{place.place}`"),
            ("Extra", f"`{place.extra}`"),
        ]
        own = [row for row in recorded if row[0] == name]
        parts = [f"## {name}", first_line(doc)]
        parts.append("\n".join(f"- {key}: {value}." for key, value in facts))
        if own:
            head = ["suite", "gap", "NRR", "training [s]", "decision [ms]"]
            parts.append(markdown_table(head, [row[1:] for row in own]))
        else:
            parts.append("No cell is recorded on the memoryless suites.")
        parts += [part for part in (curve(name, texts), settings(name)) if part]
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def curve(name, texts):
    """A learner's picture in its section, its words as the text for who doesn't see it."""
    text = texts.get(f"curve-{name}.svg")
    if text is None:
        return ""
    return f"![{re.search('<title>(.*)</title>', text).group(1)}](pictures/curve-{name}.svg)"


def settings(name):
    """Settings as they were chosen, folded away: the TOML file, or the fields of the object."""
    files = list((ROOT / "dirs_solver" / "plugins").glob(f"*/settings/{name}.toml"))
    if files:
        text = files[0].read_text(encoding="utf-8").strip()
        tried = len(tomllib.loads(text).get("candidates", []))
        title = (
            f"Settings, and {tried} sets that were tried in their place" if tried else "Settings"
        )
        body, language = text, "text"
    else:
        found = getattr(find_learner(name)(), "settings", None)
        found = found.to_dict() if hasattr(found, "to_dict") else found
        if not found:
            return "It has no settings."
        title, language = "Settings", "text"
        body = "\n".join(f"{key} = {json.dumps(value)}" for key, value in found.items())
    indented = "\n".join(f"    {line}".rstrip() for line in body.splitlines())
    return f'??? note "{title}"\n\n    ```{language}\n{indented}\n    ```'


def trainers():
    """What was tried with which library, and in which versions, from the plug-ins' manifests."""
    told = [manifest for manifest in MANIFESTS if hasattr(manifest, "FITS")]
    takes = [(f"`{m.LIBRARY}`", view, what) for m in told for view, what in m.FITS.items()]
    versions = [
        (f"`{m.LIBRARY}`", f"`{m.EXTRA}`", ", ".join(f"{k} {v}" for k, v in m.MEASURED.items()))
        for m in told
    ]
    return "\n\n".join(
        (
            words(["library", "view", "takes"], takes),
            words(["library", "extra", "tested with"], versions),
        )
    )


def made(record):
    """Where a record comes from, in a line."""
    p = record["provenance"]
    machine = p["machine"]
    return (
        f"{machine['processor']}, {machine['vector_instructions']}, load {machine['load'][0]:g}; "
        f"{p['date'][:10]}, revision {p['revision']}."
    )


def throughput():
    """Steps of the batched environment, one thread."""
    record = json.loads((RESULTS / "throughput.json").read_text())
    head = [
        "devices × servers",
        "what",
        "batch",
        "threads",
        "µs a step",
        "steps/s",
        "times numpy, 64 rows",
    ]
    rows = [
        (
            f"{r['devices']:,} × {r['servers']}", {"ours": "batch"}.get(r["what"], r["what"]), str(r["batch"]),
            str(r["threads"]), f"{r['microseconds']:,.1f}", f"{r['steps_per_second']:,.0f}",
            f"{r['times_numpy_64_rows']:.2f}",
        )
        for r in record["rows"]
    ]  # fmt: skip
    return markdown_table(head, rows) + f"\n\n{made(record)}"


def certificates():
    """Milliseconds of a certificate."""
    record = json.loads((RESULTS / "certificate-speed.json").read_text())
    head = ["scenario", "devices × servers", "scipy [ms]", "cold [ms]", "warm [ms]", "tight [ms]"]
    keys = "scipy_ms", "cold_ms", "warm_ms", "tight_ms"
    rows = [
        (r["scenario"], f"{r['devices']:,} × {r['servers']}", *(f"{r[key]:,.2f}" for key in keys))
        for r in record["rows"]
        if "scenario" in r
    ]
    return markdown_table(head, rows) + f"\n\n{made(record)}"


def prices():
    """What prices, admission and features cost, as times a step with decisions."""
    record = json.loads((RESULTS / "prices-speed.json").read_text())
    head = ["scenario", "batch", "what", "µs a slot", "times decisions"]
    rows = [
        (
            r["scenario"],
            str(r["batch"]),
            r["what"],
            f"{r['microseconds']:,.1f}",
            f"{r['ratio']:.2f}",
        )
        for r in record["rows"]
    ]
    return markdown_table(head, rows) + f"\n\n{made(record)}"


def couplings():
    """What tasks coupled in time cost, as times a memoryless step."""
    record = json.loads((RESULTS / "couplings-speed.json").read_text())
    head = ["scenario", "batch", "µs a slot", "times memoryless"]
    rows = [
        (r["scenario"], f"{r['batch']:,}", f"{r['microseconds']:,.1f}", f"{r['ratio']:.2f}")
        for r in record["rows"]
    ]
    return markdown_table(head, rows) + f"\n\n{made(record)}"


def dirs():
    """Microseconds of DIRS' parts."""
    record = json.loads((RESULTS / "dirs-speed.json").read_text())
    rows = [
        (
            r["what"],
            f"{1e6 * r['seconds']:,.0f}",
            f"{1e6 * r['plain']:,.0f}" if r["plain"] else "–",
        )
        for r in record["speed"]
    ]
    return markdown_table(["what", "ours [µs]", "plain [µs]"], rows) + f"\n\n{made(record)}"


#: Page -> its generated parts; a new one is a line here and its two markers in the page.
PARTS = {
    "scenarios.md": {"scenarios": scenarios},
    "versioning.md": {"suites": suites},
    "views.md": {"observations": observations},
    "learners.md": {"rules": rules, "learners": learners},
    "trainers.md": {"trainers": trainers},
    "speed.md": {
        "throughput": throughput, "prices": prices, "couplings": couplings,
        "certificates": certificates, "dirs": dirs,
    },
}  # fmt: skip


def current(page):
    """The text that a page must have."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, make in PARTS[page].items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found and found_end):
            raise ValueError(f"{page}: must have the lines {begin} and {end}, in order")
        text = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return text


def wanted():
    """File below docs -> the text that it must have: pages with generated parts, and curves."""
    return {page: current(page) for page in PARTS} | {
        f"pictures/{name}": text for name, text in curves().items()
    }


def stale():
    """Files that are not what they must be, and curves of learners that are no more."""
    texts = wanted()
    there = {f"pictures/{file.name}" for file in PICTURES.glob("curve-*.svg")}
    return sorted(there - set(texts)) + [
        name
        for name, text in texts.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]


if __name__ == "__main__":
    found, texts = stale(), wanted()
    if "--check" not in sys.argv:
        PICTURES.mkdir(exist_ok=True)
        for name in found:
            if name in texts:
                write_text(DOCS / name, texts[name])
            else:
                (DOCS / name).unlink()
    print(*found or ["all pages are current"], sep="\n")
    raise SystemExit(bool(found) and "--check" in sys.argv)

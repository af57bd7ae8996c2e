"""The work behind the paper's tables and figures, cell by cell, each kept once it is done.

A cell is one world of one variant. Its specification is a dict that JSON takes; the
file's name holds a hash of it, so a changed setting is another cell, and a killed run
goes on with the cells that are missing. What is recorded for good is packed into one
archive, a cell a line, which is a tenth as large as hundreds of files.
"""

import functools
import hashlib
import json
import lzma
import time

import numpy as np

import mec_env
from mec_bench.provenance import provenance, write_json
from mec_bench.run import slots_for
from mec_env.judging.suite import Suite
from mec_env.whole_file import whole_file

#: Of what the cells compute; another number, other cells.
VERSION = 1
#: Slots that a point of a reward curve averages.
BIN = 50


def key_of(spec):
    """File name of a cell, without its ending."""
    text = json.dumps(spec, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{spec['kind']}-{spec['label']}-w{spec['world']}-{digest}"


class Store:
    """Cells in a folder, one JSON file each, written whole or not at all; or in an archive beside it.

    Parameters
    ----------
    folder : Path
        A file in it goes before a line of the archive.
    """

    def __init__(self, folder):
        self.folder = folder
        self.archive = folder.with_name(f"{folder.name}.jsonl.xz")

    def path(self, spec):
        """Where a cell is kept when it is done."""
        return self.folder / f"{key_of(spec)}.json"

    def read(self, name):
        """What is kept under a file's name, or None if nothing whole is."""
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return self._packed.get(name)

    @functools.cached_property
    def _packed(self):
        if not self.archive.is_file():
            return {}
        with lzma.open(self.archive, "rt", encoding="utf-8") as lines:
            cells = [json.loads(line) for line in lines]
        return {cell.pop("file"): cell for cell in cells}

    def pack(self):
        """Move what lies in the folder into the archive; how many cells that has then."""
        files = sorted(self.folder.glob("*.json"))
        cells = self._packed | {file.name: self.read(file.name) for file in files}
        lines = (
            json.dumps({"file": name, **cells[name]}, separators=(",", ":"))
            for name in sorted(cells)
        )
        with whole_file(self.archive) as file:
            file.write(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
        for file in files:
            file.unlink()
        self.__dict__.pop("_packed", None)
        return len(cells)

    def load(self, spec):
        """A cell's result, or None if it isn't there, whole and of this specification."""
        kept = self.read(self.path(spec).name) or {}
        return kept["result"] if kept.get("spec") == spec else None

    def revisions(self, specs):
        """Revisions that kept cells were worked out with, each once, the first one's first."""
        kept = (self.read(self.path(spec).name) for spec in specs)
        return list(dict.fromkeys(cell["provenance"]["revision"] or "unknown" for cell in kept))

    def get(self, spec, progress):
        """A cell's result: kept, or worked out and kept."""
        found = self.load(spec)
        if found is None:
            found = KINDS[spec["kind"]](spec, progress)
            kept = {
                "spec": spec,
                "provenance": provenance("benchmarks.paper"),
                "result": found,
            }
            write_json(self.path(spec), kept)
            # What JSON makes of it, so that a kept result and a new one are the same thing.
            found = json.loads(json.dumps(found))
        return found


def spec_of(kind, label, scenario, world, **fields):
    """A cell's specification; everything that its numbers depend on but the code.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    label : str
        For the file's name.
    scenario : mec_env.Scenario
        ``world`` becomes its ``world_seed`` and the training's seed.
    """
    spec = {
        "version": VERSION,
        "kind": kind,
        "label": label,
        "world": world,
        "scenario": scenario.replace(world_seed=world).to_toml(),
        **fields,
    }
    return json.loads(json.dumps(spec))


def _scenario(spec):
    return mec_env.Scenario.from_toml(spec["scenario"])


def _suite(spec):
    """The slots that a world is judged on: its evaluation episodes, which no training meets."""
    judged = spec["judged"]
    scenario = _scenario(spec).replace(slots=judged["slots"])
    return Suite("paper", scenario, (spec["world"],), tuple(range(judged["episodes"])))


@functools.lru_cache(maxsize=8)
def _bounds(suite):
    """Bounds and best objectives of a suite's slots: certified once for all that is judged on it."""
    prices, certificates = None, []
    for slot in suite.slots():
        certificates.append(mec_env.certify(slot, prices=prices))
        prices = certificates[-1].prices
    return tuple(
        np.array([getattr(c, k) for c in certificates]) for k in ("lower_bound", "objective")
    )


def _judged(policy, suite, progress):
    e = mec_env.evaluate(policy, suite, bounds=_bounds(suite))
    return {
        "objective": float(e.objective.mean()),
        "time": float(e.time.mean()),
        "energy": float(e.energy.mean()),
        "offloaded": float(e.offloaded.mean()),
        "gap": float(e.gap.mean()),
        "nrr": float(e.nrr.mean()),
        "nrr_paper": float(e.nrr_paper.mean()),
        "optimum": float(e.best.mean()),
        "bound": float(e.lower_bound.mean()),
        "bound_least": float(e.lower_bound.min()),
        "seconds": float(np.median(e.seconds)) + _resource_seconds(e.decision, suite),
    }


def _resource_seconds(decisions, suite):
    """Median wall time of the powers and shares that belong to a decision [s]."""
    taken = []
    for slot, decision in zip(suite.only(episodes=1).slots(), decisions):
        start = time.perf_counter()
        mec_env.outcome(slot, decision)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def rules(spec, progress):
    """Rules without learning: what ``spec["rules"]`` names, ``+admission`` for exact admission."""
    from mec_env.judging.rules import RULES, Admitted

    suite, out = _suite(spec), {}
    for name in spec["rules"]:
        rule = RULES[name.removesuffix("+admission")]()
        policy = Admitted(rule) if name.endswith("+admission") else rule
        out[name] = _judged(policy, suite, progress)
        progress(name)
    return out


def train(spec, progress):
    """Train a learner on a world and judge its policy there on evaluation slots."""
    from dirs_solver import Settings, find_learner

    settings, kind = spec["settings"], find_learner(spec["learner"])
    learner = kind(Settings.from_dict(settings) if spec["learner"] == "dirs" else settings)
    losses = {"pre-training": [], "online": []}
    clock = {}

    def report(r):
        clock[r.stage] = time.perf_counter() - start
        if getattr(r, "losses", ()):
            losses.setdefault(r.stage, []).append(r.losses)
        progress(f"{r.stage} {r.done}/{r.total}")
        return "budget" in spec and time.process_time() - processor >= spec["budget"]

    slots = slots_for(learner, spec["slots"], spec.get("budget"))
    start, processor = time.perf_counter(), time.process_time()
    policy = learner.learn(_scenario(spec), spec["world"], slots, report)
    result = {
        "training_seconds": time.perf_counter() - start,
        "training_processor_seconds": time.process_time() - processor,
        "stages_end_seconds": clock,
    }
    progress("judging")
    suite = _suite(spec)
    result["judged"] = _judged(policy, suite, progress)
    if hasattr(policy, "schedule"):
        result["judged"]["seconds"] = _schedule_seconds(policy, suite)
    if getattr(learner, "objectives", None) is not None and len(learner.objectives):
        reward = 1.0 / np.asarray(learner.objectives)
        whole = reward[: len(reward) // BIN * BIN].reshape(-1, BIN).mean(axis=1)
        result["reward_curve"] = [float(f"{x:.6g}") for x in whole]
    if spec.get("keep_losses"):
        result["losses"] = {
            stage: [[float(f"{x:.5g}") for x in agent] for agent in np.array(rows).T]
            for stage, rows in losses.items()
        }
    return result


def _schedule_seconds(policy, suite):
    """Median wall time from observation to decision, powers and shares [s]."""
    env = mec_env.MECEnv.for_evaluation(next(iter(suite.worlds()))[1])
    observation, _ = env.reset(seed=0)
    taken = []
    for _ in range(suite.scenario.slots):
        slot = env.slot
        start = time.perf_counter()
        decision, _ = policy.schedule(observation, slot)
        taken.append(time.perf_counter() - start)
        observation = env.step(decision)[0]
    return float(np.median(taken))


def imitate(spec, progress):
    """Pre-train on demonstrations alone, then count right bits on them and on unseen ones.

    Accuracy is Keras' binary accuracy, which the paper's framework reports: the share of
    a_ij, over agents and devices, on the demonstration's side of 0.5. ``decisions`` is
    the share of devices whose vote equals the demonstration.
    """
    import torch

    from dirs_solver import Settings
    from dirs_solver.dirs import imitation
    from dirs_solver.dirs.agents import targets
    from dirs_solver.dirs.policy import DIRSPolicy
    from dirs_solver.dirs.training import Trainer

    scenario, count, seed = _scenario(spec), spec["count"], spec["world"]
    settings = Settings.from_dict(spec["settings"]).replace(demonstration_count=count)
    # One episode for both: the first slots are learned from, the last ones are the test.
    observations, _ = imitation.observe(scenario, seed, spec["largest"] + spec["tests"])
    chosen = [*range(count), *range(spec["largest"], spec["largest"] + spec["tests"])]
    shown = settings.replace(loss="L1", demonstration_count=None)
    decisions = _demonstrations(scenario, shown, seed, len(observations))[chosen]
    progress("demonstrated")
    trainer = Trainer(scenario, settings, seed)
    trainer.agents.fit_inputs(observations[:count])
    trainer.replay.add_demonstrations(observations[:count], decisions[:count])
    imitation.pretrain(trainer, settings, lambda r: None, lambda: None)
    policy, out = DIRSPolicy(trainer.agents, scenario), {}
    observed = observations[chosen]
    bits = targets(torch.from_numpy(decisions), scenario.mecs).transpose(0, 1).numpy() > 0.5
    right = (policy.scores(observed) >= 0.5) == bits
    voted = policy.votes(observed) == decisions
    for part, rows in (("train", slice(None, count)), ("test", slice(count, None))):
        out[part] = 100 * float(right[rows].mean())
        out[f"{part}_decisions"] = 100 * float(voted[rows].mean())
        # What a network that ignores its input and says each device's usual bit gets right.
        usual = bits[:count].mean(axis=0) >= 0.5
        out[f"{part}_usual"] = 100 * float((bits[rows] == usual).mean())
    return out


@functools.lru_cache(maxsize=4)
def _demonstrations(scenario, settings, seed, count):
    # The variants of a world learn from the same demonstrations: found once.
    from dirs_solver.dirs import imitation

    return imitation.demonstrate(imitation.observe(scenario, seed, count)[1], settings, seed)


def search(spec, progress):
    """Fitness over iterations of a Lévy search, mean over slots, relative to the optimum too.

    ``spec["search"]``: proposed or classic, over decisions or all, with P, G, beta, eta.
    Iteration 0 is the first population's best.
    """
    from dirs_solver import Levy
    from dirs_solver.dirs import levy, search_all
    from dirs_solver.dirs.classic import classic_search
    from dirs_solver.shared.randomness import POPULATION, uniforms

    what = spec["search"]
    flight = Levy(what["population"], what["generations"], what["beta"], what["threshold"])
    suite, seed = _suite(spec), spec["world"]
    curve = np.zeros(flight.generations + 1)
    m, n = suite.scenario.mecs, suite.scenario.iotds
    for k, slot in enumerate(suite.slots()):
        drawn = uniforms(seed, POPULATION, 2**30 + k, n)
        start = np.minimum((drawn * (m + 1)).astype(np.int64), m)
        history = np.empty(flight.generations + 1)
        if what["over"] == "all":
            classic = what["method"] == "classic"
            search_all.search_all(slot, start, flight, what["eta"], seed, k, classic, history)
        elif what["method"] == "classic":
            classic_search(slot, start, flight, what["eta"], seed, k, history)
        else:
            levy.search(slot, start, flight, seed, k, history=history)
        curve += history
        progress(f"slot {k + 1}/{suite.size}")
    optimum = float(_bounds(suite)[1].mean())
    return {"curve": [float(f"{x:.8g}") for x in curve / suite.size], "optimum": optimum}


KINDS = {"rules": rules, "train": train, "imitate": imitate, "search": search}

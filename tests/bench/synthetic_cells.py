"""Cells for the tests of standings and report: real slots and rules, learners made up from the optimum."""

import hashlib
import json
import lzma

import numpy as np

import mec_env
from mec_bench.packing import unpack

PROVENANCE = {
    "command": "python -m benchmarks.leaderboard",
    "date": "2026-11-20T10:00:00+00:00",
    "revision": "abc1234",
    "versions": {"python": "3.11", "numpy": "2.4"},
    "machine": {"processor": "a processor", "cores": 2, "vector_instructions": "AVX2"},
}


def cell(learner="greedy", gap=(0.1,), objective=None, worlds=1, episodes=1, slots=1, **fields):
    """A cell of given gaps, one a slot in the suite's order, with a bound of 10 on every slot."""
    gap = np.asarray(gap, dtype=np.float64)
    return {
        "kind": "cell",
        "version": 1,
        "learner": learner,
        "information": "global",
        "suite": "paper-medium-v1",
        "suite_hash": "f" * 64,
        "worlds": worlds,
        "episodes": episodes,
        "slots": slots,
        "seed": 0,
        "settings": {},
        "settings_hash": "0123456789ab",
        "status": "done",
        "error": None,
        "traceback": None,
        "provenance": PROVENANCE,
        "budget": None,
        "training": [],
        "training_seconds": 0.0,
        "parameter_count": None,
        "milliseconds": 0.01,
        "deterministic": False,
        "objective": (10.0 * (1.0 + gap)).tolist() if objective is None else objective,
        "gap": gap.tolist(),
        "time": 1.0,
        "energy": 1.0,
        "offloaded": 0.5,
    } | fields


def failed(learner, seed=0, error="it broke", traceback="Traceback: it broke", **fields):
    """A failed cell."""
    fields = dict(status="failed", error=error, traceback=traceback, seed=seed) | fields
    return cell(learner, objective=[], **fields) | {"gap": []}


def write_version_1(file, suite, record, packed):
    """Write a cell of today in the layout of version 1, worked out anew from its decisions.

    Parameters
    ----------
    file : Path
        Of the record; the decisions go beside it.
    suite : Suite
    record, packed
        As ``mec_bench.run.run`` returns them.

    Returns
    -------
    Path
        ``file``.
    """
    decisions = unpack(packed, suite)
    outcomes = [mec_env.outcome(slot, d) for slot, d in zip(suite.slots(), decisions)]
    objective = np.array([outcome.objective for outcome in outcomes])
    data = lzma.compress(decisions.astype(np.uint8).tobytes())
    beside = file.with_name(f"{file.stem}.decisions.xz")
    beside.write_bytes(data)
    kept = {key: value for key, value in record.items() if key not in ("means", "gaps")} | {
        "version": 1,
        "objective": objective.tolist(),
        "gap": (objective / suite.reference()[0] - 1.0).tolist(),
        "time": float(np.mean([outcome.time for outcome in outcomes])),
        "energy": float(np.mean([outcome.energy for outcome in outcomes])),
        "offloaded": float(np.mean(decisions > 0)),
        "decisions": {"file": beside.name, "sha256": hashlib.sha256(data).hexdigest()},
    }
    file.write_text(json.dumps(kept, indent=1))
    return file


class MadeUp:
    """Cells on a suite's first slots, and their decisions.

    Parameters
    ----------
    suite : str
    worlds, episodes, slots : int
        Of the suite's, the first ones.
    """

    def __init__(self, suite, worlds, episodes, slots):
        self.name, self.shape = suite, (worlds, episodes, slots)
        self.suite = mec_env.SUITES[suite].only(worlds, episodes, slots)
        self.slots = list(self.suite.slots())
        self.bound, _ = self.suite.reference()
        self.optimal = [mec_env.certify(slot).decision for slot in self.slots]
        self.cells, self._decisions = [], {}

    def rule(self, name, milliseconds=0.01):
        """Add a rule's cell."""
        rule = mec_env.RULES[name]()
        if hasattr(rule, "prepare"):
            rule.prepare(next(self.suite.worlds())[1])
        if hasattr(rule, "reset"):
            rule.reset(0)
        decisions = [rule.decide(slot) for slot in self.slots]
        self._add(name, decisions, milliseconds=milliseconds, deterministic=name != "random")

    def learner(self, name, seeds, spoiled, milliseconds=0.5, information="global", **fields):
        """Add cells of a learner that sends a share ``spoiled`` of the devices elsewhere."""
        for seed in range(seeds):
            rng = np.random.default_rng([seed, *name.encode()])
            share = spoiled * rng.uniform(0.8, 1.2)
            decisions = []
            for slot, best in zip(self.slots, self.optimal):
                choices = rng.integers(0, slot.gain.shape[1] + 1, len(best))
                decisions.append(np.where(rng.uniform(size=len(best)) < share, choices, best))
            self._add(
                name,
                decisions,
                seed=seed,
                milliseconds=milliseconds * rng.uniform(0.9, 1.1),
                information=information,
                training=[self._training(world, rng, share) for world in range(self.shape[0])],
                training_seconds=170.0 + 10 * seed,
                parameter_count=12_345,
                settings={"learning_rate": 3e-4},
                **fields,
            )

    def fail(self, name, seed=0, **fields):
        """Add a failed cell."""
        worlds, episodes, slots = self.shape
        size = dict(worlds=worlds, episodes=episodes, slots=slots, suite=self.name)
        self.cells.append(failed(name, seed, **size, **fields))

    def decisions(self, cell):
        """(S, N) of a cell."""
        return self._decisions[cell["learner"], cell["seed"]]

    def _add(self, name, decisions, seed=0, **fields):
        judged = [mec_env.outcome(slot, d) for slot, d in zip(self.slots, decisions)]
        objective = np.array([outcome.objective for outcome in judged])
        worlds, episodes, slots = self.shape
        self._decisions[name, seed] = np.array(decisions)
        self.cells.append(
            cell(
                name,
                objective / self.bound - 1.0,
                objective.tolist(),
                worlds,
                episodes,
                slots,
                suite=self.name,
                seed=seed,
                time=float(np.mean([outcome.time for outcome in judged])),
                energy=float(np.mean([outcome.energy for outcome in judged])),
                offloaded=float(np.mean([np.mean(d > 0) for d in decisions])),
                **fields,
            )
        )

    def _training(self, world, rng, share):
        level = float(self.bound.mean())
        steps = np.arange(1, 31)
        noise = rng.normal(0, 0.02, 30)
        falls = level * (1 + 2 * share + 1.5 * np.exp(-steps / 6.0) + noise)
        curve = [[int(400 * k), 6.0 * float(k), float(o), None] for k, o in zip(steps, falls)]
        return {
            "world": world,
            "seconds": 181.0,
            "processor_seconds": 180.0,
            "slots": 12_000,
            "curve": curve,
        }

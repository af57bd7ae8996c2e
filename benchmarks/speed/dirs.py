"""How near DIRS comes to the certified optimum, and how fast it is.

    python -m benchmarks.speed.dirs                       # both parts
    python -m benchmarks.speed.dirs speed                 # a minute
    python -m benchmarks.speed.dirs quality --worlds 1 --suites paper-medium-v1
    python -m benchmarks.speed.dirs threshold             # what the vote's 0.5 costs where devices are slow

Quality trains with seed k on world k and judges on the suite's slots of that world. Speed gives
medians of turns that alternate in one process, on one thread, with the ratio to a plain loop over
agents: a network, an optimizer and autograd's loss for each. Times are wall times; where other
processes share the cores, processor time (also printed for training) says more.
"""

import argparse
import sys
import time

import numpy as np
import torch
from torch import nn

import mec_env
from benchmarks import RESULTS
from dirs_solver import DIRS, Levy, Settings
from dirs_solver.dirs import levy
from dirs_solver.dirs.policy import DIRSPolicy
from dirs_solver.dirs.training import ONLINE, Trainer, TrainingSlots
from mec_bench.provenance import provenance, write_json
from mec_env.judging.suite import Suite

SUITES = "paper-medium-v1,paper-large-v1"
#: Least NRR on paper-large-v1 by demonstrations, and most seconds of training.
MUST_NRR = {"levy": 0.95, "certified": 0.99}
MUST_SECONDS = 60.0


def quality(options):
    """Train and judge; a record per suite, kind of demonstrations and world."""
    records = []
    for name in options.suites.split(","):
        suite = mec_env.SUITES[name]
        for kind in ("levy", "certified"):
            rows = []
            for k in range(options.worlds):
                learner = DIRS(Settings(demonstrations=kind))
                scenario = suite.scenario.replace(world_seed=suite.world_seeds[k])
                wall, cpu = time.perf_counter(), time.process_time()
                policy = learner.learn(scenario, seed=k)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                evaluation = mec_env.evaluate(policy, suite.world(k))
                rows.append(
                    dict(
                        suite=name, demonstrations=kind, world=k, nrr=float(evaluation.nrr.mean()),
                        objective=float(evaluation.objective.mean()), train_wall=wall, train_cpu=cpu,
                    )
                )  # fmt: skip
                print(
                    f"{name:>16} {kind:>10} world {k}: NRR {rows[-1]['nrr']:.4f}, "
                    f"objective {rows[-1]['objective']:.2f}, trained in {wall:.1f} s ({cpu:.1f} s CPU)",
                    flush=True,
                )
            mean = np.mean([row["nrr"] for row in rows])
            quickest = min(row["train_cpu"] for row in rows)
            must = ""
            if name == "paper-large-v1":
                met = mean >= MUST_NRR[kind] and quickest <= MUST_SECONDS
                must = f"; must {MUST_NRR[kind]} and {MUST_SECONDS:.0f} s: {'met' if met else 'MISSED'}"
            print(f"{name:>16} {kind:>10} mean NRR {mean:.4f}, least CPU {quickest:.1f} s{must}")
            records += rows
    return records


def threshold(options):
    """DIRS with certified demonstrations on ever slower devices, and how many nobody asks for.

    A device that no agent is at least half sure of runs its task itself, also where that is the
    dearest of all choices and the agents only doubt which of them should have it.
    """
    rows = []
    for speed in (1e9, 0.5e9, 0.2e9):
        scenario = mec_env.SCENARIOS["paper-medium"].replace(local_speed=speed)
        suite = Suite("slow devices", scenario, tuple(range(options.worlds)), (0, 1))
        best = mec_env.evaluate(mec_env.RULES["best-link"](), suite)
        for k, (world, here) in enumerate(suite.worlds()):
            policy = DIRS(Settings(demonstrations="certified")).learn(here, seed=k)
            judged = mec_env.evaluate(policy, suite.world(k))
            optimal = np.mean([mec_env.certify(s).decision > 0 for s in suite.world(k).slots()])
            part = slice(k * judged.objective.size, (k + 1) * judged.objective.size)
            rows.append(
                dict(
                    local_speed=speed, world=world, nrr=float(judged.nrr.mean()),
                    best_link_nrr=float(best.nrr[part].mean()),
                    offloaded=float(judged.offloaded.mean()), optimal_offloaded=float(optimal),
                )
            )  # fmt: skip
        mean = {key: np.mean([r[key] for r in rows[-options.worlds :]]) for key in rows[-1]}
        print(
            f"devices of {speed / 1e9:g} GHz: NRR of DIRS {mean['nrr']:.3f}, of the best link "
            f"{mean['best_link_nrr']:.3f}; offloaded {100 * mean['offloaded']:.0f} %, "
            f"in the optimum {100 * mean['optimal_offloaded']:.0f} %",
            flush=True,
        )
    return rows


class PlainAgents:
    """A network, an optimizer and a loss per agent, in a loop: what one would write first."""

    def __init__(self, agents, settings):
        self.networks = []
        for j in range(agents.servers):
            layers = []
            for weight, bias in zip(agents.weights, agents.biases):
                linear = nn.Linear(*weight.shape[1:])
                linear.weight.data = weight[j].detach().t().contiguous()
                linear.bias.data = bias[j, 0].detach().clone()
                layers += [linear, nn.ReLU()]
            self.networks.append(nn.Sequential(*layers[:-1], nn.Sigmoid()))
        self.optimizers = [torch.optim.Adam(n.parameters(), 1e-3) for n in self.networks]
        self.mean, self.deviation, self.settings = agents.mean, agents.deviation, settings

    def scores(self, observations):
        m, n = len(self.networks), self.mean.shape[2]
        columns = observations.reshape(-1, m, n)
        return [
            network((columns[:, j] - self.mean[j]) / self.deviation[j])
            for j, network in enumerate(self.networks)
        ]

    def schedule(self, observation, slot):
        with torch.no_grad():
            scores = torch.stack([s[0] for s in self.scores(torch.from_numpy(observation)[None])])
        best, server = scores.max(dim=0)
        decision = torch.where(best >= 0.5, server + 1, 0).numpy()
        return decision, mec_env.outcome(slot, decision)

    def update(self, observations, decisions):
        for j, score in enumerate(self.scores(observations)):
            target = (decisions == j + 1).float()
            loss = nn.functional.binary_cross_entropy(score, target, reduction="sum") / len(target)
            norm = sum((p**2).sum() for p in self.networks[j].parameters())
            self.optimizers[j].zero_grad()
            (loss + self.settings.weight_decay * norm).backward()
            self.optimizers[j].step()


def medians(calls, turns, block=1):
    """Median seconds of each call, in turns of ``block`` in a row, after two that don't count.

    In a row, because a policy's weights are in the processor's cache when it decides slot after
    slot; two that alternate would drive each other's out.
    """
    seconds = np.empty((turns + 2, len(calls), block))
    for turn in range(turns + 2):
        for k, call in enumerate(calls):
            for b in range(block):
                start = time.perf_counter()
                call(turn * block + b)
                seconds[turn, k, b] = time.perf_counter() - start
    return np.median(seconds[2:], axis=(0, 2))


def material(scenario, count):
    """Observations, Slots and certified decisions of training slots, and a Trainer fed with them."""
    source = TrainingSlots(scenario, 0, ONLINE)
    seen, slots = [], []
    for _ in range(count):
        seen.append(source.observation)
        slots.append(source.slot)
        source.decide(np.zeros(scenario.iotds, dtype=np.int64))
    seen = np.array(seen)
    decisions = np.array([c.decision for c in mec_env.certify_batch(slots)])
    trainer = Trainer(scenario, Settings(), 0)
    trainer.agents.fit_inputs(seen)
    trainer.replay.add_demonstrations(seen, decisions)
    return seen, slots, decisions, trainer


def speed(options):
    """Time inference, an update and the search; a list of (what, seconds, must, ratio)."""
    rows = []

    def row(what, seconds, must=None, plain=None):
        rows.append(dict(what=what, seconds=seconds, must=must, plain=plain))
        text = f"{what:<58} {1e6 * seconds:>9.1f} us"
        if must is not None:
            text += f", must {1e6 * must:g}: {'met' if seconds <= must else 'MISSED'}"
        if plain is not None:
            text += f", plain loop {1e6 * plain:.1f} us, {plain / seconds:.2f} times as long"
        print(text, flush=True)

    xlarge = mec_env.resolve("paper-xlarge")
    seen, slots, _, trainer = material(xlarge, 1000)
    policy, plain = DIRSPolicy(trainer.agents, xlarge), PlainAgents(trainer.agents, Settings())
    for slot in slots:
        mec_env.outcome(slot, np.zeros(xlarge.iotds, dtype=np.int64))  # makes its tables
    ours, loop = medians(
        [
            lambda k: policy.schedule(seen[k], slots[k]),
            lambda k: plain.schedule(seen[k], slots[k]),
        ],
        40,
        block=20,
    )
    row("one slot, 200x10, to decision, powers and shares", ours, 0.8e-3, loop)
    many, loop = medians(
        [
            lambda k: policy.schedules(seen, slots),
            lambda k: [plain.schedule(o, s) for o, s in zip(seen, slots)],
        ],
        5,
    )
    row("a slot of 1,000 at once, 200x10", many / 1000, 120e-6, loop / 1000)

    large = mec_env.resolve("paper-large")
    seen, slots, decisions, trainer = material(large, 512)
    plain = PlainAgents(trainer.agents, Settings())
    observations, targets = torch.from_numpy(seen), torch.from_numpy(decisions)
    ours, loop = medians(
        [lambda k: trainer.update(), lambda k: plain.update(observations[:256], targets[:256])], 20
    )
    row("an update of all agents, 180x8, batch 256", ours, plain=loop)
    votes = DIRSPolicy(trainer.agents, large).votes(seen)
    (search,) = medians([lambda k: levy.search(slots[k], votes[k], Levy(), 0, k)], 300)
    row("Levy search over a, P 5, G 10, 180x8, its tables included", search, 0.5e-3)
    (shown,) = medians([lambda k: levy.search(slots[k], votes[k], Levy(20, 400, 1.1), 0, k)], 10)
    row("Levy search of a demonstration, P 20, G 400, 180x8", shown)
    return rows


PARTS = {"speed": speed, "quality": quality, "threshold": threshold}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help="speed, quality, threshold; default the first two")
    parser.add_argument("--suites", default=SUITES, help=f"default {SUITES}")
    parser.add_argument("--worlds", type=int, default=5, help="worlds of each suite, default 5")
    options = parser.parse_args(arguments)
    parts = options.parts or ["speed", "quality"]
    for part in parts:
        mec_env.checks.known("part", part, tuple(PARTS))
    torch.set_num_threads(1)
    record = {"provenance": provenance("benchmarks.speed.dirs")}
    for part in parts:
        record[part] = PARTS[part](options)
    suites = "" if options.suites == SUITES or "quality" not in parts else f"-{options.suites}"
    path = RESULTS / f"dirs-{'-'.join(parts)}{suites}.json"
    write_json(path, record)
    print(f"written: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

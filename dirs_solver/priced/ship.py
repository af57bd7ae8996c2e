"""Make the file that ships: ``python -m dirs_solver.priced.ship`` trains on many worlds and sizes.

The worlds are of no suite: their seeds begin at 10,000,000. Areas, path losses, sizes and spreads
of tasks differ, so that what the network learns is how loads answer to prices, not a map.
"""

import argparse
from pathlib import Path

import numpy as np

from dirs_solver.priced.learner import KIND, SHIPPED
from dirs_solver.priced.teacher import lessons
from dirs_solver.priced.training import fit
from dirs_solver.shared import files
from dirs_solver.shared.progress import Progress, progress_bar
from mec_env import SCENARIOS, Range, Scenario

FIRST_WORLD = 10_000_000


def worlds(count: int, seed: int = 0) -> list[Scenario]:
    """So many scenarios with a world each."""
    rng = np.random.default_rng([seed, FIRST_WORLD])
    return [_world(rng, FIRST_WORLD + k) for k in range(count)]


def _world(rng, world_seed):
    base = SCENARIOS["square-km"].replace(world_seed=world_seed)
    servers = int(np.exp(rng.uniform(np.log(2.0), np.log(24.0))))
    devices = int(servers * np.exp(rng.uniform(np.log(8.0), np.log(40.0))))
    fields = dict(mecs=servers, iotds=min(max(devices, 20), 480))
    if rng.random() < 0.5:
        # Half are square-km as it is, the others anything between it and 50 m.
        side = float(np.exp(rng.uniform(np.log(100.0), np.log(2500.0))))
        spread = rng.uniform(0.2, 1.0)
        fields.update(
            area=side,
            path_loss_exponent=float(rng.uniform(2.2, 3.8)),
            clusters=int(rng.integers(3, 21)),
            cycles=Range(1.6e9 - 1.4e9 * spread, 1.6e9 + 1.4e9 * spread),
        )
    return base.replace(**fields)


def main(argv: list[str] | None = None) -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(prog="python -m dirs_solver.priced.ship", description=__doc__)
    parser.add_argument("--worlds", type=int, default=300, help="worlds to learn from")
    parser.add_argument("--slots", type=int, default=100, help="slots of each")
    parser.add_argument("--steps", type=int, default=4000, help="of Adam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args(argv)
    learned, progress = [], progress_bar()
    for k, scenario in enumerate(worlds(options.worlds, options.seed)):
        learned.append(lessons(scenario, options.slots))
        progress(Progress("worlds", k + 1, options.worlds))
    network = fit(
        learned, options.seed, steps=options.steps, hidden=(32, 32),
        progress=lambda step: progress(Progress("steps", step, options.steps)),
    )  # fmt: skip
    made = {key: getattr(options, key) for key in ("worlds", "slots", "steps", "seed")}
    header = {"learner": "priced", "choice": [1.0, 0.0, []], **made}
    files.save(options.out, KIND, header, network.arrays())


if __name__ == "__main__":
    main()

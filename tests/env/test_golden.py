"""A few numbers of every named scenario, so that a change of numbers is seen.

``python -m tests.env.test_golden`` writes them anew, for a change that is meant; say
in the commit why the numbers moved.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from mec_env import SCENARIOS, MECEnv

FILE = Path(__file__).with_name("golden.json")
SEEDS = (0, 1, 2**40 + 7)
# Room for another machine's last bits. What passed through float32, as the drawn gains did
# and with them every cost, may differ by 1e-7; the rest is float64 throughout.
TOLERANCES = {
    "positions": dict(rel=1e-9),
    "speeds": dict(rel=1e-9),
    "tasks": dict(rel=1e-9),
    "gains": dict(rel=1e-6),
    "results": dict(rel=1e-6),
    "observation": dict(rel=1e-6, abs=1e-5),
}


def numbers(name, seed):
    """Numbers of the first two slots of a scenario's episode."""
    env = MECEnv(name)
    n, m = env.scenario.iotds, env.scenario.mecs
    seen, _ = env.reset(seed=seed)
    world = env.simulator.world()
    out = dict(
        positions=[
            *world.device_xy[0],
            *world.device_xy[-1],
            *world.server_xy[0],
            *world.server_xy[-1],
        ],
        speeds=[world.local_speed.sum(), world.server_speed.sum()],
    )
    # Every choice in turn, local too, from one end and then from the other.
    for t, decision in enumerate((np.arange(n) % (m + 1), np.arange(n)[::-1] % (m + 1))):
        slot = env.slot
        out[f"tasks {t}"] = [slot.data_bits.sum(), slot.cycles.sum(), slot.cycles[-1]]
        out[f"gains {t}"] = [slot.gain[0, 0], slot.gain[-1, -1], np.log10(slot.gain).sum()]
        total = np.sum(seen, dtype=np.float64)
        out[f"observation {t}"] = [total, seen[0], seen[n], seen[-1]]
        seen, reward, _, _, info = env.step(decision)
        out[f"results {t}"] = [reward, *(info[k] for k in ("objective", "time", "energy"))]
    return {key: [float(v) for v in values] for key, values in out.items()}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_numbers_stay(name, seed):
    golden = json.loads(FILE.read_text())[name][str(seed)]
    ours = numbers(name, seed)
    assert set(ours) == set(golden)
    for key, value in golden.items():
        assert ours[key] == pytest.approx(value, **TOLERANCES[key.split()[0]]), key


def test_every_named_scenario_is_here():
    assert set(json.loads(FILE.read_text())) == set(SCENARIOS)


if __name__ == "__main__":
    table = {name: {str(seed): numbers(name, seed) for seed in SEEDS} for name in SCENARIOS}
    FILE.write_text(json.dumps(table, indent=1) + "\n")

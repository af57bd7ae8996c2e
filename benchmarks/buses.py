"""A real run: a city's buses, servers where they pass, the bound of hindsight and the references.

    python -m benchmarks.buses [--file positions.csv --start 2015-06-07T14:00-05:00]

Without ``--file`` the day of buses is read that lies in the folder ``MEC_TRACE_DATA`` as
``buses/2015-06-07.csv`` (CapMetrics, Austin; MIT licence); where there is none, nothing is run. The
servers stand at the centres of all positions by k-means. Tasks and devices are those of
``follow-me``, the path loss is the one of open land and servers are half as fast, since each has
half as many devices. Everything is tuned on training episodes, with
the same buses on the same roads but other fading and tasks.
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

import mec_env
from benchmarks import RESULTS, coupled
from dirs_solver.references.playing import Training
from mec_bench.provenance import provenance, write_json
from mec_bench.tables import text_table

PATH = RESULTS / "buses.json"
DAY = Path("buses") / "2015-06-07.csv"
#: On that Sunday few buses report before ten.
START = "2015-06-07T14:00-05:00"
#: Of ``follow-me``'s server speeds.
SHARE = 0.5


def scenario_of(file, window_file, buses, servers, slots, start):
    """The Scenario of a window of a file of positions, slots of 10 s; see ``mec_env.trace_scenario``."""
    like = mec_env.SCENARIOS["follow-me"]
    same = ("cycles", "data_bits", "local_speed", "server_speed", "channel", "shadowing")
    fields = {name: getattr(like, name) for name in same}
    # A server has half as many devices as there.
    speed = fields["server_speed"]
    fields["server_speed"] = mec_env.Range(SHARE * speed.low, SHARE * speed.high)
    return mec_env.trace_scenario(
        file, servers, buses, slots, like.slot_seconds, window_file, start, **fields
    )


def measured(scenario, episodes, seconds):
    """What a window of positions is, and every reference's percent above the bound of hindsight.

    Parameters
    ----------
    scenario : Scenario
    episodes : int
        Fading and tasks are drawn so often for the same positions.
    seconds : float
        Of search for the learned rule [s].

    Returns
    -------
    about : dict
    rows : list of dict
    """
    played = [Training(scenario, seed, evaluation=True) for seed in range(episodes)]
    found = [mec_env.hindsight(episode.recorded()) for episode in played]
    bounds = np.array([each.lower_bound for each in found])
    about = {
        "buses": scenario.iotds, "servers": scenario.mecs, "slots": scenario.slots,
        "slot_seconds": scenario.slot_seconds, "area": list(scenario.area),
        "server_positions": [list(place) for place in scenario.server_positions],
        "bounds": bounds.tolist(), "bound_seconds": [round(each.seconds, 3) for each in found],
    }  # fmt: skip
    rows = []
    for reference in coupled.references(scenario, seconds):
        row = {"reference": reference, **coupled.measured(reference, scenario, played, bounds)}
        print(f"{reference}: {np.mean(row['above']):.3f} % above the bound", flush=True)
        rows.append(row)
    return about, rows


def main():
    """Measure, print, keep; or say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="CSV of positions, in place of the day of buses")
    parser.add_argument("--start", default=START, help="of the first slot")
    parser.add_argument("--buses", type=int, default=60)
    parser.add_argument("--servers", type=int, default=5)
    parser.add_argument("--slots", type=int, default=720, help="of 10 s")
    parser.add_argument("--episodes", type=int, default=2, help="draws of fading and tasks")
    parser.add_argument("--seconds", type=float, default=60.0, help="search of the learned rule")
    options = parser.parse_args()
    file = options.file or Path(os.environ.get("MEC_TRACE_DATA", "")) / DAY
    if options.file is None and not file.is_file():
        print(f"nothing to run: MEC_TRACE_DATA names no folder that holds {DAY.as_posix()}")
        return
    record = provenance("benchmarks.buses")
    with tempfile.TemporaryDirectory() as folder:
        scenario = scenario_of(
            file, Path(folder) / "window.csv", options.buses, options.servers, options.slots,
            options.start,
        )  # fmt: skip
        about, rows = measured(scenario, options.episodes, options.seconds)
    cells = [[row["reference"], f"{np.mean(row['above']):.3f}"] for row in rows]
    print(text_table(["reference", "% above the bound"], cells))
    about = {"file": file.name, "start": options.start, **about}
    write_json(PATH, {"provenance": record, "window": about, "rows": rows})


if __name__ == "__main__":
    main()

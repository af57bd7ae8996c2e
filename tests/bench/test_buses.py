"""A run on a file of positions: servers in the middle of the buses, everything above the bound."""

import json
import sys

import numpy as np
import pytest

import mec_env
from benchmarks import buses, coupled


@pytest.fixture
def day(tmp_path):
    """Six buses on two roads, a fix a minute: 600 m to the east at 10 m/s, and as far to the north."""
    lines = ["vehicle_id,timestamp,latitude,longitude"]
    for minute in range(6):
        for k in range(6):
            north, east = (
                (minute * 0.005, 0.001 * k) if k < 3 else (0.1, minute * 0.005 + 0.001 * k)
            )
            lines.append(f"{k},2015-06-07T14:0{minute}:00-05:00,{30 + north},{-97 + east}")
    file = tmp_path / "day.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_without_data_it_says_what_is_missing(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("MEC_TRACE_DATA", str(tmp_path))
    monkeypatch.setattr(buses, "PATH", tmp_path / "out.json")
    monkeypatch.setattr(sys, "argv", ["buses"])
    buses.main()
    assert "nothing to run" in capsys.readouterr().out
    assert not (tmp_path / "out.json").exists()


def test_servers_stand_among_the_buses_and_are_half_as_fast(day, tmp_path):
    scenario = buses.scenario_of(day, tmp_path / "w.csv", 6, 2, 10, "2015-06-07T14:00-05:00")
    like = mec_env.SCENARIOS["follow-me"]
    assert scenario.server_speed.high == like.server_speed.high / 2
    assert (scenario.cycles, scenario.shadowing) == (like.cycles, like.shadowing)
    episode = mec_env.record(scenario, 0)
    places = episode.drawn["position"]
    # 10 s of a road of 0.005 degrees of latitude a minute: 0.005 * 111.2 km / 6.
    steps = np.hypot(*np.diff(places[:, 0], axis=0).T)
    assert steps == pytest.approx(np.full(9, 92.7), rel=1e-2)
    # Two roads that lie apart: each server is in the middle of its own buses.
    middles = np.sort(places.reshape(10, 2, 3, 2).mean(axis=(0, 2)), axis=0)
    found = np.sort(np.array(scenario.server_positions), axis=0)
    assert found == pytest.approx(middles, rel=0.02)


def test_references_stand_above_the_bound_and_are_kept(day, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(buses, "PATH", tmp_path / "out.json")
    monkeypatch.setattr(coupled, "references", lambda scenario, seconds: ["myopic", "hindsight"])
    words = f"--file {day} --buses 6 --servers 2 --slots 12".split()
    monkeypatch.setattr(sys, "argv", ["buses", *words])
    buses.main()
    kept = json.loads((tmp_path / "out.json").read_text())
    assert kept["window"]["buses"] == 6 and len(kept["window"]["server_positions"]) == 2
    above = {row["reference"]: row["above"] for row in kept["rows"]}
    assert all(0.0 <= best <= own for best, own in zip(above["hindsight"], above["myopic"]))
    # Nothing of where it was run.
    assert str(tmp_path) not in json.dumps(kept["window"])
    assert "myopic" in capsys.readouterr().out

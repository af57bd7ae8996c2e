"""``mec-env compare``: points, cells, numbers, files."""

import csv
import json
import re
import xml.etree.ElementTree as ET
from concurrent.futures import Future
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

import mec_env
from mec_bench.cell import suite_of
from mec_bench.cli import main
from mec_bench.compare.asked import Asked
from mec_bench.compare.curve import entries_of
from mec_bench.compare.figure import figure_of
from mec_bench.compare.points import MOST_POINTS, axis_of, points_of
from mec_bench.compare.write import latex_of
from mec_bench.store import Store
from mec_bench.verify import verify

BASE = mec_env.SCENARIOS["paper-medium"].replace(
    server_layout="kmeans", server_positions=None, name="small", iotds=6
)


@contextmanager
def _here(cells):
    """Runs a cell at once where it is: a process takes longer to begin than a small cell to end."""

    class Here:
        def submit(self, work, *arguments):
            future = Future()
            future.set_result(work(*arguments))
            return future

    yield Here(), lambda: 1


@pytest.fixture(autouse=True, scope="module")
def _in_this_process():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mec_bench.commands.processes", lambda count: _here)
        patch.setattr("mec_bench.run.one_core", lambda: None)
        yield


@pytest.fixture
def small(tmp_path):
    """A scenario's file, of 6 devices and 2 servers."""
    file = tmp_path / "small.toml"
    BASE.save(file)
    return str(file)


def _compare(out, *arguments):
    main(["compare", "--worlds", "2", "--slots", "3", "--jobs", "1", "--out", str(out), *arguments])


def _rows(out):
    with open(out / "compare.csv", newline="") as file:
        return list(csv.DictReader(file))


# Points ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, values",
    [
        ("iotds=50,75,...,200", (50, 75, 100, 125, 150, 175, 200)),
        ("iotds=50,75,…,100", (50, 75, 100)),
        ("bandwidth=2e6,1.5e6,...,0.5e6", (2e6, 1.5e6, 1e6, 5e5)),
        ("noise=0.1,0.2,...,0.5", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("iotds=5,4,...,1,9", (5, 4, 3, 2, 1, 9)),
        ("channel=rayleigh,suzuki", ("rayleigh", "suzuki")),
        ("server_speed=1e10,{low = 3e9, high = 2e10}", (1e10, {"low": 3e9, "high": 2e10})),
        ("bandwidth=1e6,nan,-inf,2026-01-01", (1e6, "nan", "-inf", "2026-01-01")),
        ("layout=1", None),
        ("iotds", None),
        ("iotds=", None),
        ("iotds=1,,2", None),
        ("iotds=50,...,200", None),
        ("iotds=50,60,...,75", None),
        ("iotds=50,75,...,10", None),
        ("iotds=50,50", None),
        ("iotds=1,2,...,1000000", None),
        ("world_seed=1,2", None),
        ("name=a,b", None),
    ],
)  # fmt: skip
def test_values_of_an_axis(text, values):
    if values is None:
        with pytest.raises(ValueError, match=r"^vary"):
            axis_of(text)
    else:
        assert axis_of(text).values == values


def test_a_field_misspelt_and_one_that_can_t_vary_are_named():
    with pytest.raises(ValueError, match="did you mean 'iotds'"):
        axis_of("iotd=1,2")
    with pytest.raises(ValueError, match="--worlds"):
        axis_of("world_seed=1,2")


def test_points_are_the_grid_and_what_can_t_be_says_why():
    points = points_of(BASE, [axis_of("iotds=4,0"), axis_of("mecs=1,2")], 2, 3)
    assert [point.label for point in points] == [
        "iotds = 4, mecs = 1", "iotds = 4, mecs = 2", "iotds = 0, mecs = 1", "iotds = 0, mecs = 2"
    ]  # fmt: skip
    assert [point.suite is None for point in points] == [False, False, True, True]
    assert "iotds = 0" in points[2].problem
    suite = points[1].suite
    assert (suite.scenario.iotds, suite.scenario.mecs, suite.scenario.slots) == (4, 2, 3)
    assert suite.world_seeds == (0, 1)
    assert re.fullmatch(r"[\w.+-]+", suite.name)


def test_another_base_of_the_same_name_is_another_suite():
    axes = [axis_of("iotds=4")]
    one, other = (points_of(b, axes, 2, 3)[0].suite for b in (BASE, BASE.replace(noise=2e-12)))
    assert one.name != other.name


def test_too_many_axes_and_points_are_refused():
    axes = [axis_of("iotds=1,2"), axis_of("mecs=1,2"), axis_of("noise=1e-12,1e-13")]
    with pytest.raises(ValueError, match="at most two"):
        points_of(BASE, axes, 1, 1)
    with pytest.raises(ValueError, match="stands there twice"):
        points_of(BASE, [axes[0], axes[0]], 1, 1)
    many = axis_of("iotds=1,2,...,40")
    with pytest.raises(ValueError, match=f"at most {MOST_POINTS}"):
        points_of(BASE, [many, axis_of("mecs=1,2,...,40")], 1, 1)


# A whole comparison ------------------------------------------------------------------------------


def test_numbers_are_those_that_the_library_finds(small, tmp_path, capsys):
    out = tmp_path / "out"
    _compare(out, "--scenario", small, "--vary", "iotds=4,6", "--learners", "greedy,certified")
    rows = _rows(out)
    assert [(row["iotds"], row["learner"]) for row in rows] == [
        ("4", "greedy"), ("4", "certified"), ("6", "greedy"), ("6", "certified")
    ]  # fmt: skip
    for row in rows:
        scenario = BASE.replace(iotds=int(row["iotds"]), slots=3)
        suite = mec_env.Suite("own", scenario, (0, 1), (0,))
        found = mec_env.evaluate(mec_env.RULES[row["learner"]](), suite)
        assert float(row["objective"]) == pytest.approx(found.objective.mean(), rel=1e-12)
        assert float(row["bound"]) == pytest.approx(found.lower_bound.mean(), rel=1e-12)
        assert float(row["gap_percent"]) == pytest.approx(100 * found.gap.mean(), rel=1e-5)
        assert (
            float(row["objective_low"]) <= float(row["objective"]) <= float(row["objective_high"])
        )
    text = capsys.readouterr().out
    assert "greedy" in text
    assert "compare.svg" in text
    assert all(why is None for why in verify(list((out / "cells").glob("*.json"))).values())


def test_a_comparison_goes_on_where_it_was_killed_and_ends_in_the_same_files(
    small, tmp_path, capsys
):
    arguments = ("--scenario", small, "--vary", "iotds=4,6", "--learners", "greedy,local")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    _compare(whole, *arguments)
    _compare(broken, *arguments)
    cells = sorted((broken / "cells").glob("*.json"))
    before = cells[1].stat().st_mtime_ns
    cells[0].unlink()
    capsys.readouterr()
    _compare(broken, *arguments)
    assert "4 cells, 3 of them there" in capsys.readouterr().err
    assert cells[1].stat().st_mtime_ns == before
    same = [
        [{k: v for k, v in row.items() if "seconds" not in k} for row in _rows(out)]
        for out in (whole, broken)
    ]
    assert same[0] == same[1]


def test_what_crashes_at_a_point_is_named_and_the_rest_goes_on(small, tmp_path, capsys):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as end:
        _compare(
            out, "--scenario", small, "--vary", "iotds=4,0,6",
            "--learners", "local,tests.toy_learners:Crash",
        )  # fmt: skip
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert "left out: iotds = 0: iotds = 0" in error
    assert "failed: tests.toy_learners:Crash" in error
    rows = {(row["iotds"], row["learner"]): row for row in _rows(out)}
    assert rows["6", "local"]["objective"]
    assert not rows["6", "local"]["failed"]
    assert rows["6", "tests.toy_learners:Crash"]["failed"]
    assert "iotds = 0" in rows["0", "local"]["failed"]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--learners", "gredy"), "did you mean 'greedy'?"),
        (("--learners", "greedy,greedy"), "stands there twice"),
        (("--vary", "slots=1,2"), "slots can't vary"),
        (("--vary", "iotds=0"), "no point is left"),
        (("--sites", "a.csv"), "go together"),
        (("--dask", "1", "--scheduler", "tcp://here:1"), "one of them"),
        (("--scenario", "squarekm"), "did you mean 'square-km'?"),
        (("--budget", "0"), "0"),
    ],
)
def test_bad_command_lines_end_in_one_sentence(arguments, said, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        _compare(tmp_path / "out", *arguments)
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_two_fields_vary_at_once_and_texts_can_vary(small, tmp_path):
    out = tmp_path / "out"
    _compare(
        out, "--scenario", small, "--vary", "channel=rayleigh,are", "--vary", "mecs=1,2",
        "--learners", "local",
    )  # fmt: skip
    assert [(row["channel"], row["mecs"]) for row in _rows(out)] == [
        ("rayleigh", "1"), ("rayleigh", "2"), ("are", "1"), ("are", "2")
    ]  # fmt: skip
    assert len(re.findall("mecs", (out / "compare.tex").read_text())) >= 2


def test_tasks_coupled_in_time_are_scored_by_episode_against_hindsight(tmp_path):
    file = tmp_path / "coupled.toml"
    mec_env.SCENARIOS["rush-hour"].replace(iotds=5, mecs=2, name="coupled").save(file)
    out = tmp_path / "out"
    _compare(out, "--scenario", str(file), "--vary", "iotds=4,5", "--learners", "local,greedy")
    assert Asked.load(out).unit == "episode"
    for row in _rows(out):
        scenario = mec_env.Scenario.load(file).replace(iotds=int(row["iotds"]), slots=3)
        bounds = [
            mec_env.hindsight(episode).lower_bound
            for episode in mec_env.Suite("own", scenario, (0, 1), (0,)).episodes()
        ]
        assert float(row["bound"]) == pytest.approx(np.mean(bounds), rel=1e-9)
    assert "of an episode" in (out / "compare.tex").read_text()


def test_seeds_are_runs_of_their_own(small, tmp_path):
    out = tmp_path / "out"
    _compare(out, "--scenario", small, "--seeds", "2", "--learners", "local,random")
    assert {row["learner"]: row["seeds"] for row in _rows(out)} == {"local": "1", "random": "2"}


# Files -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(tmp_path_factory, _in_this_process):
    """A comparison with an odd learner's name, and its folder."""
    folder = tmp_path_factory.mktemp("compared")
    BASE.save(folder / "small.toml")
    arguments = ["--scenario", str(folder / "small.toml"), "--vary", "iotds=4,6"]
    learners = "local,tests.toy_learners:AlwaysLocal"
    _compare(folder / "out", *arguments, "--learners", learners, "--training-slots", "4")
    return folder / "out"


def test_the_page_needs_nothing_else_and_shows_all_rows(done):
    page = (done / "compare.html").read_text("utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert page.count("<tr>") == 1 + len(_rows(done))


def test_figures_are_there_in_all_kinds_and_the_same_for_the_same_numbers(done):
    first = {kind: (done / f"compare.{kind}").read_bytes() for kind in ("png", "pdf", "svg")}
    assert first["png"].startswith(b"\x89PNG")
    assert first["pdf"].startswith(b"%PDF")
    assert ET.fromstring(first["svg"]).tag.endswith("svg")
    main(["report", str(done)])
    assert (done / "compare.svg").read_bytes() == first["svg"]


def test_the_figure_says_units_intervals_and_the_bound(done):
    asked = Asked.load(done)
    figure = figure_of(asked, entries_of(asked, Store(done / "cells").read()))
    upper, lower = figure.axes
    assert upper.get_ylabel() == "objective of a slot\n[s and J, weighted]"
    assert (lower.get_ylabel(), lower.get_xlabel()) == ("above the bound [%]", "number of devices")
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [*asked.learners, "certified bound", "95 % interval"]


def test_latex_rows_have_as_many_entries_as_columns_and_names_are_escaped(done):
    text = (done / "compare.tex").read_text("utf-8")
    columns = None
    for line in text.splitlines():
        if line.startswith(r"\begin{tabular}"):
            columns = len(re.search(r"\{(r+)\}", line)[1])
        elif line.endswith(r"\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
    assert r"tests.toy\_learners:AlwaysLocal" in text


def test_latex_of_what_is_not_there_is_a_dash():
    asked = SimpleNamespace(fields=["iotds"], learners=["x_1"], command="c", unit="slot")
    entry = SimpleNamespace(at=(1,), learner="x_1", objective=None, gap=None, bound=None)
    assert r"1 & -- & -- \\" in latex_of(asked, [entry])


def test_a_cell_of_a_scenario_of_one_s_own_is_verified_from_itself_alone(done, tmp_path):
    file = next((done / "cells").glob("*--local--*.json"))
    record = json.loads(file.read_text("utf-8"))
    assert suite_of(record).scenario == mec_env.Scenario.from_toml(record["scenario"])
    for change, said in (
        ({"world_seeds": [1, 2]}, "suite_hash"),
        ({"scenario": 3}, "must be TOML text"),
        ({"world_seeds": []}, "world_seeds"),
        ({"episode_seeds": [-1]}, "episode_seeds"),
        ({"suite": "square-km-v1"}, "is frozen"),
    ):
        bad = tmp_path / "bad.json"
        bad.write_text(json.dumps(record | change))
        why = verify([bad])[bad]
        assert why is not None
        assert said in why


def test_a_folder_without_a_comparison_says_so(tmp_path):
    with pytest.raises(OSError, match=r"compare\.json"):
        Asked.load(tmp_path)
    (tmp_path / "compare.json").write_text('{"kind": "cell"}')
    with pytest.raises(ValueError, match="is no comparison"):
        Asked.load(tmp_path)

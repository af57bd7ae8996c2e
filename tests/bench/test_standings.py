"""Standings: interquartile means, intervals, ranks and profiles, against numbers worked out by hand."""

import json

import numpy as np
import pytest

from mec_bench.bootstrap import Redraw, iqm, percentiles
from mec_bench.naming import names_of
from mec_bench.kinds import kind_of
from mec_bench.standings import TAUS, boards, load_cells, profile, ranks
from mec_env.judging.intervals import tail
from tests.bench.synthetic_cells import cell, failed


@pytest.mark.parametrize(
    "values, middle",
    [
        ([7.0], 7.0),
        ([1.0, 3.0], 2.0),
        # Half of the middle value's neighbours and all of it: (0.25·0 + 3 + 0.25·9) / 1.5.
        ([0.0, 3.0, 9.0], 3.5),
        ([1.0, 2.0, 4.0, 900.0], 3.0),
        ([100.0, 1.0, 2.0, 3.0, 4.0], 3.0),
        ([8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0], 4.5),
    ],
)
def test_interquartile_mean(values, middle):
    assert iqm(values) == pytest.approx(middle, rel=1e-12)


def test_interquartile_mean_goes_along_the_last_axis():
    assert iqm([[1.0, 2.0, 4.0, 9.0], [0.0, 0.0, 0.0, 8.0]]) == pytest.approx([3.0, 0.0])


def test_one_run_redraws_worlds_alone():
    redrawn = Redraw(2, draws=20_000).scores([[0.0, 1.0]], "a")
    means, counts = np.unique(redrawn.mean(axis=1), return_counts=True)
    # Both worlds, or either twice: 1/4, 1/2, 1/4.
    assert means.tolist() == [0.0, 0.5, 1.0]
    assert counts / 20_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.015)


def test_runs_are_redrawn_apart_in_each_world_but_together_in_episodes():
    # Worlds alike, two runs of 0 and 1: the mean of four draws has variance (1/4) / 4.
    scores = [[0.0, 0.0], [1.0, 1.0]]
    worlds = Redraw(2, draws=20_000).scores(scores, "a").mean(axis=1)
    assert worlds.var() == pytest.approx(1 / 16, rel=0.05)
    # Episodes share the two draws: (1/4) / 2.
    episodes = Redraw(2, runs_shared=True, draws=20_000).scores(scores, "a").mean(axis=1)
    assert episodes.var() == pytest.approx(1 / 8, rel=0.05)


def test_interval_is_of_no_width_where_nothing_varies():
    redrawn = Redraw(3).scores([[0.25, 0.25, 0.25]], "a")
    assert percentiles(redrawn.mean(axis=1), 3) == (0.25, 0.25)


def test_percentiles_lie_as_far_out_as_the_evaluation_says():
    redrawn = np.linspace(0.0, 1.0, 100_001)
    assert percentiles(redrawn, 5) == pytest.approx((tail(5), 1.0 - tail(5)))


def test_intervals_of_five_worlds_hold_the_truth():
    # Plain percentiles do in some 84 of 100 cases.
    rng, redraw = np.random.default_rng(3), Redraw(5, draws=2000)
    held = 0
    for _ in range(300):
        low, high = percentiles(redraw.scores(rng.normal(size=(1, 5)), "a").mean(axis=1), 5)
        held += low <= 0.0 <= high
    assert held >= 275


def test_a_single_unit_has_no_interval():
    assert Redraw(1).scores([[1.0], [2.0]], "a") is None
    assert percentiles(None, 1) is None
    (board,) = boards([cell("greedy", [0.1]), cell("local", [0.9])])
    assert [s.mean_interval for s in board.standings] == [None, None]
    # Nothing is known of how sure that is, so nothing is ranked.
    assert [s.rank for s in board.standings] == [1, 1]
    assert board.standings[1].behind == (pytest.approx(0.8), None, None)


def test_same_cells_same_numbers():
    cells = [cell("x", np.linspace(0, 1, 6), worlds=3, slots=2, seed=seed) for seed in (0, 1)]
    first, again = boards(cells)[0].standings[0], boards(cells[::-1])[0].standings[0]
    assert (first.iqm_interval, first.mean_interval) == (again.iqm_interval, again.mean_interval)


def test_numbers_of_a_method():
    # Worlds (0.1, 0.3), (0.2, 0.4) in one run and (0.3, 0.5), (0.6, 0.8) in the other:
    # the matrix is 0.2, 0.3; 0.4, 0.7.
    cells = [
        cell("x", [0.1, 0.3, 0.2, 0.4], worlds=2, slots=2, seed=0, training_seconds=10.0, milliseconds=1.0),
        cell("x", [0.3, 0.5, 0.6, 0.8], worlds=2, slots=2, seed=1, training_seconds=20.0, milliseconds=3.0),
    ]  # fmt: skip
    s = boards(cells)[0].standings[0]
    assert s.mean == pytest.approx(0.4)
    assert s.iqm == pytest.approx(0.35)
    assert s.objective == pytest.approx(14.0)
    assert s.nrr == pytest.approx(
        np.mean([1 / 1.1, 1 / 1.3, 1 / 1.2, 1 / 1.4, 1 / 1.3, 1 / 1.5, 1 / 1.6, 1 / 1.8])
    )
    assert (s.training_seconds, s.milliseconds) == (15.0, 2.0)
    assert s.mean_interval[0] < 0.4 < s.mean_interval[1]
    assert boards(cells)[0].bound == pytest.approx(10.0)


def test_ranks_by_hand():
    def separated(k, *pairs):
        return [[(i, j) in pairs for j in range(k)] for i in range(k)]

    assert ranks([]) == []
    assert ranks(separated(3)) == [1, 1, 1]
    assert ranks(separated(3, (0, 1), (0, 2), (1, 2))) == [1, 2, 3]
    # The second and third can't be told apart.
    assert ranks(separated(3, (0, 1), (0, 2))) == [1, 2, 2]
    # Nor the first and second, but the third is behind both.
    assert ranks(separated(3, (0, 2), (1, 2))) == [1, 1, 3]
    # A last one so noisy that nothing is separated from it earns no better rank.
    assert ranks(separated(3, (0, 1))) == [1, 2, 2]


def test_paired_differences_rank_what_intervals_alone_would_not():
    # Worlds differ far more than methods, but b is behind a by 0.01 in every world.
    worlds = np.array([0.1, 0.5, 0.9])
    board, = boards(
        [
            cell("a", worlds, worlds=3, deterministic=True),
            cell("b", worlds + 0.01, worlds=3, deterministic=True),
            cell("c", worlds + [0.012, 0.5, -0.3], worlds=3, deterministic=True),
        ]
    )  # fmt: skip
    a, b, c = board.standings
    assert a.mean_interval[1] > b.mean_interval[0]
    assert b.behind == pytest.approx((0.01, 0.01, 0.01))
    assert board.separated(a, b) and not board.separated(b, a)
    # c is the worst in the mean and the best in one world.
    assert c.behind[1] < 0.0 < c.behind[2]
    assert [s.rank for s in board.standings] == [1, 2, 2]


def test_a_rule_without_randomness_is_one_run():
    gaps = [0.1, 0.2]
    cells = [cell("greedy", gaps, worlds=2, seed=s, deterministic=True) for s in range(5)]
    s = boards(cells)[0].standings[0]
    assert s.deterministic and len(s.cells) == 1


def test_the_latest_of_a_seed_counts():
    old = cell("x", [0.5], provenance={"date": "2026-11-01"})
    new = cell("x", [0.1], provenance={"date": "2026-11-02"})
    for cells in ([old, new], [new, old]):
        assert boards(cells)[0].standings[0].mean == pytest.approx(0.1)


def test_settings_are_rows_of_their_own():
    cells = [
        cell("x", [0.5], settings_hash="aaaaaabbbbbb"),
        cell("x", [0.1], settings_hash="ccccccdddddd"),
        cell("y", [0.3], settings_hash="eeeeeeffffff"),
    ]
    assert [s.method for s in boards(cells)[0].standings] == ["x #cccccc", "y", "x #aaaaaa"]


@pytest.mark.parametrize(
    "several, names",
    [
        ([{"rate": 1, "budget": 480.0}, {"rate": 1, "budget": 1440.0}], ["x (budget 480)", "x (budget 1440)"]),
        ([{"rate": 1}, {"rate": 1, "budget": 9.0}], ["x (no budget)", "x (budget 9)"]),
        ([{"a": 1, "b": "u"}, {"a": 2, "b": "v"}], ["x (a 1, b u)", "x (a 2, b v)"]),
        ([{"a": [1]}, {"a": [2]}], ["x #0", "x #1"]),
        ([{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}], ["x #0", "x #1"]),
        ([{"a": 1}, None], ["x #0", "x #1"]),
        ([{"a": 1.0}, {"a": 1.0000000001}], ["x #0", "x #1"]),
        ([{"a": 1}, {"a": 1}], ["x #0", "x #1"]),
    ],
)  # fmt: skip
def test_names_say_what_sets_settings_apart(several, names):
    settings = {("x", str(k)): one for k, one in enumerate(several)}
    assert names_of(settings | {("y", "0"): {}}) == {
        **dict(zip(settings, names)), ("y", "0"): "y",
    }  # fmt: skip


def test_failed_cells_are_counted_and_come_last():
    cells = [failed("broken"), cell("x", [0.5], seed=0), failed("x", seed=1), cell("local", [0.9])]
    board, = boards(cells)  # fmt: skip
    assert [(s.method, len(s.failed), s.rank) for s in board.standings] == [
        ("x", 1, 1), ("local", 0, 1), ("broken", 1, None),
    ]  # fmt: skip
    assert board.standings[2].mean is None


def test_kinds():
    trained = [{"world": 0, "slots": 100, "curve": []}]
    cells = [
        cell("certified"), cell("greedy"), cell("pso"), cell("sb3-ppo", training=trained),
        cell("priced", parameter_count=1633),
    ]  # fmt: skip
    kinds = {s.method: s.kind for s in boards(cells)[0].standings}
    assert kinds == {
        "certified": "solver", "greedy": "rule", "pso": "search", "sb3-ppo": "learner",
        "priced": "learner",
    }  # fmt: skip


def test_kinds_of_methods_on_episodes():
    tuned = [{"world": 0, "slots": 2, "curve": []}]
    on = dict(suite="harvest-v1", worlds=2)
    cells = [
        cell("hindsight", [0.0] * 2, information="future", **on),
        cell("tuned-rule", [0.1] * 2, training=tuned, parameter_count=1, **on),
        cell("planning", [0.1] * 2, training=tuned, **on),
        cell("slot-price", [0.3] * 2, **on),
        cell("learned-rule", [0.1] * 2, training=tuned, **on),
    ]  # fmt: skip
    kinds = {s.learner: kind_of(s.learner, s.cells) for s in boards(cells)[0].standings}
    assert kinds == {
        "hindsight": "oracle", "tuned-rule": "rule", "planning": "search", "slot-price": "search",
        "learned-rule": "learner",
    }  # fmt: skip


def test_other_slots_are_other_boards():
    cells = [
        cell("x", [0.1], suite="square-km-v1"),
        cell("x", np.full(1000, 0.1), worlds=5, episodes=2, slots=100),
        cell("x", [0.1], suite_hash="a" * 64),
        cell("x", [0.1], suite_hash="b" * 64),
    ]
    assert [board.label for board in boards(cells)] == [
        "paper-medium-v1",
        "paper-medium-v1 (part: 1 × 1 × 1) #aaaaaa",
        "paper-medium-v1 (part: 1 × 1 × 1) #bbbbbb",
        "square-km-v1 (part: 1 × 1 × 1)",
    ]


def test_profile_counts_slots_within_a_gap():
    assert profile([0.0, 0.1, 0.1, 0.4], [0.0, 0.05, 0.1, 0.39, 0.4]).tolist() == [
        0.25, 0.25, 0.75, 0.75, 1.0,
    ]  # fmt: skip
    assert (TAUS[0], TAUS[-1]) == (pytest.approx(1e-5), pytest.approx(10.0))


@pytest.mark.parametrize(
    "fields, says",
    [
        ({"gap": [0.1]}, r"x on paper-medium-v1, seed 0: gap has shape \(1,\), must have 2 slots"),
        ({"gap": [0.1, float("nan")]}, "gap has 1 slots that are not finite"),
        ({"objective": ["<b>", 1.0]}, "objective must be a list of numbers"),
    ],
)
def test_cells_that_lack_a_slot_are_named(fields, says):
    with pytest.raises(ValueError, match=says):
        boards([cell("x", [0.1, 0.2], slots=2) | fields])


def test_a_folder_of_cells(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(cell("x")))
    (tmp_path / "other.json").write_text('{"kind": "table"}')
    (tmp_path / "a.decisions.xz").write_bytes(b"")
    assert [c["learner"] for c in load_cells(tmp_path)] == ["x"]
    (tmp_path / "b.json").write_text('{"kind": "cell", "learner": "y"}')
    with pytest.raises(ValueError, match=r"b\.json: a cell must have information, suite"):
        load_cells(tmp_path)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(ValueError, match=r"b\.json: is not JSON"):
        load_cells(tmp_path)

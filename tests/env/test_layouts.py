"""Positions: the laws they are drawn from, k-means, and worlds."""

import math

import numpy as np
import pytest
from scipy import stats

from mec_env import Range, Scenario
from mec_env.draws.streams import DEVICE_POSITIONS, SERVER_POSITIONS, Space, Stream, seed_key
from mec_env.laws import layouts
from mec_env.laws.kmeans import kmeans
from mec_env.simulator.world import draw_world

LEAST = 1e-3  # Seeds are fixed: a p-value below this means the law is wrong, not bad luck.


def stream(seed, use=DEVICE_POSITIONS):
    return Stream(seed_key(seed), use)


def devices(name, count=20_000, seed=3, area=(100.0, 40.0), **fields):
    scenario = Scenario(device_layout=name, iotds=count, area=area, **fields)
    return layouts.device_positions(scenario, stream(seed))


@pytest.mark.parametrize("name", ["uniform", "gaussian", "levy", "clusters"])
def test_every_layout_stays_in_the_area(name):
    xy = devices(name)
    assert xy.shape == (20_000, 2) and xy.dtype == np.float64
    assert (xy >= 0).all() and (xy <= [100.0, 40.0]).all()


def test_uniform():
    xy = devices("uniform") / [100.0, 40.0]
    assert stats.kstest(xy[:, 0], "uniform").pvalue > LEAST
    assert stats.kstest(xy[:, 1], "uniform").pvalue > LEAST
    assert abs(np.corrcoef(xy.T)[0, 1]) < 0.03


def test_gaussian():
    xy = devices("gaussian") / [100.0, 40.0]
    # Clipped at three standard deviations: 0.27 % pile up at a border.
    inside = xy[(xy > 0).all(axis=1) & (xy < 1).all(axis=1)]
    assert 0.99 < len(inside) / len(xy) < 0.998
    law = stats.truncnorm(-3, 3, loc=0.5, scale=1 / 6)
    assert stats.kstest(inside[:, 0], law.cdf).pvalue > LEAST
    assert stats.kstest(inside[:, 1], law.cdf).pvalue > LEAST


def test_clusters():
    # Six centres on a large map: each device within five deviations of one, three even shares
    # of deviations per axis, and all six in use.
    scenario = Scenario(device_layout="clusters", iotds=6000, area=1000.0, cluster_spread=0.004)
    xy = layouts.device_positions(scenario, stream(8))
    centres = kmeans(xy, 6, stream(0, SERVER_POSITIONS))
    apart = np.hypot(*(xy[:, None] - centres[None]).transpose(2, 0, 1))
    own = apart.argmin(axis=1)
    offsets = xy - centres[own]
    assert apart.min(axis=1).max() < 5.5 * 4.0
    assert (np.bincount(own, minlength=6) > 850).all()
    assert stats.kstest(offsets[:, 0] / 4.0, "norm").pvalue > LEAST
    assert stats.kstest(offsets[:, 1] / 4.0, "norm").pvalue > LEAST


def test_levy_steps_have_the_tail_index():
    steps = np.abs(layouts.mantegna_steps(stream(2), 1.5, 200_000))
    # Hill's estimate over the largest 500 of 200,000: standard error 1.5 / sqrt(500) = 0.07.
    top = np.sort(steps)[-501:]
    hill = 1.0 / np.mean(np.log(top[1:] / top[0]))
    assert hill == pytest.approx(1.5, abs=0.25)


def test_mantegnas_sigma_by_hand():
    # beta = 1: Gamma(2) sin(pi / 2) / (Gamma(1) * 1 * 2^0) = 1, so steps are a ratio of two
    # standard normal numbers: Cauchy.
    steps = layouts.mantegna_steps(stream(5), 1.0, 20_000)
    assert stats.kstest(steps, "cauchy").pvalue > LEAST
    # beta = 1.5: sigma = 0.696575 (the number in common use); |u| / sigma is half-normal.
    steps = layouts.mantegna_steps(stream(5), 1.5, 1000)
    same = stream(5)
    u, v = same.normal(1000), same.normal(1000)
    assert steps == pytest.approx(0.696575 * u / np.abs(v) ** (1 / 1.5), rel=1e-5)


def test_levy_walk_moves_by_its_steps():
    xy = devices("levy", area=(100.0, 100.0), count=5000)
    jumps = np.hypot(*np.diff(xy, axis=0).T)
    lengths = 100.0 * layouts.LEVY_STEP * np.abs(layouts.mantegna_steps(stream(3), 1.5, 5000))[1:]
    # A jump folded back at the border is shorter than its step, never longer.
    assert (jumps <= lengths * (1 + 1e-9) + 1e-9).all()
    assert np.isclose(jumps, lengths, rtol=1e-6).mean() > 0.8


def test_random_servers_are_uniform():
    scenario = Scenario(server_layout="random", mecs=10_000, iotds=1, area=(100.0, 40.0))
    xy = layouts.server_positions(scenario, None, stream(1, SERVER_POSITIONS)) / [100.0, 40.0]
    assert stats.kstest(xy.ravel(), "uniform").pvalue > LEAST


def test_given_positions_are_taken():
    places = ((1.0, 2.0), (3.0, 4.0))
    scenario = Scenario(
        mecs=2, iotds=2, device_layout="given", device_positions=places,
        server_layout="given", server_positions=((4.0, 6.0), (1.0, 2.0)),
    )  # fmt: skip
    world = draw_world(scenario, seed_key(0))
    assert (world.device_xy == places).all()
    # From (1, 2): 3 m and 4 m, so 5 m, and 0 m; from (3, 4): sqrt(1 + 4) and sqrt(4 + 4).
    assert world.distance == pytest.approx(np.array([[5.0, 0.0], [math.sqrt(5), math.sqrt(8)]]))
    # Path gains are kept server by server: 1e-3 / 25 is server 0's of device 0.
    assert world.path_gain[0, 0] == pytest.approx(1e-3 / 25)
    assert world.path_gain[1, 0] == pytest.approx(1e-3)


# --- k-means ----------------------------------------------------------------------


def test_kmeans_finds_separate_groups():
    rng = np.random.default_rng(0)
    groups = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]])
    points = np.concatenate([g + rng.normal(size=(50, 2)) for g in groups])
    centres = kmeans(points, 4, stream(1))
    means = points.reshape(4, 50, 2).mean(axis=1)
    assert sorted(centres.tolist()) == pytest.approx(np.array(sorted(means.tolist())))


def test_kmeans_ends_at_a_fixed_point():
    points = np.random.default_rng(1).uniform(0, 50, (180, 2))
    centres = kmeans(points, 8, stream(4))
    own = np.hypot(*(points[:, None] - centres).transpose(2, 0, 1)).argmin(axis=1)
    for k in range(8):
        assert centres[k] == pytest.approx(points[own == k].mean(axis=0))


def test_kmeans_with_more_centres_than_points_repeats_points():
    points = np.array([[1.0, 2.0], [3.0, 4.0]])
    centres = kmeans(points, 5, stream(0))
    assert centres.shape == (5, 2)
    assert {tuple(c) for c in centres} == {(1.0, 2.0), (3.0, 4.0)}


# --- worlds -----------------------------------------------------------------------


def world(seed=0, **fields):
    return draw_world(Scenario(**{**dict(mecs=4, iotds=50), **fields}), seed_key(seed))


def test_a_world_is_its_seeds():
    fields = dict(cycles=Range(1e9, 2e9), tasks="world", local_speed=Range(5e8, 1e9))
    a, b, c = world(7, **fields), world(7, **fields), world(8, **fields)
    for name in ("device_xy", "server_xy", "path_gain", "local_speed", "cycles"):
        assert (getattr(a, name) == getattr(b, name)).all()
        assert (getattr(a, name) != getattr(c, name)).any()


def test_episodes_and_spaces_have_worlds_of_their_own():
    scenario = Scenario(mecs=4, iotds=50)
    places = {
        draw_world(scenario, seed_key(1), space, episode).device_xy.tobytes()
        for space in Space
        for episode in range(3)
    }
    assert len(places) == 6


def test_unequal_speeds_are_uniform_in_their_range():
    w = world(mecs=2000, iotds=5000, server_layout="random",
              local_speed=Range(0.5e9, 1.1e9), server_speed=Range(3e9, 2e10))  # fmt: skip
    assert stats.kstest((w.local_speed - 0.5e9) / 0.6e9, "uniform").pvalue > LEAST
    assert stats.kstest((w.server_speed - 3e9) / 1.7e10, "uniform").pvalue > LEAST
    # 1e-27 * f^3 at each device's own speed.
    assert w.local_power == pytest.approx(1e-27 * w.local_speed**3)


def test_values_per_device_and_server_are_taken_in_order():
    w = world(mecs=2, iotds=3, cycles=[1e9, 2e9, 3e9], data_bits=[1.0, 2.0, 3.0],
              local_speed=[1e8, 2e8, 3e8], server_speed=[5e9, 6e9])  # fmt: skip
    assert w.cycles.tolist() == [1e9, 2e9, 3e9] and w.data_bits.tolist() == [1.0, 2.0, 3.0]
    assert w.local_speed.tolist() == [1e8, 2e8, 3e8] and w.server_speed.tolist() == [5e9, 6e9]

"""Episodes written down: they come back whole, refuse what isn't theirs, and replay what was played."""

import itertools
import os
import pickle

import gymnasium as gym
import numpy as np
import pytest

import mec_env
from mec_env import SCENARIOS, Episode, hindsight, record

NAMES = ("follow-me", "harvest", "rush-hour", "square-km")
COUPLED = NAMES[:3]


def tiny(name, **fields):
    return SCENARIOS[name].replace(**{**dict(iotds=2, mecs=2, slots=3), **fields})


def same(one, other):
    return one.scenario == other.scenario and one.content() == other.content()


def changed(source, target, **arrays):
    """Copy an episode's file, arrays replaced; None leaves one out."""
    with np.load(source) as read:
        kept = {**{name: read[name] for name in read.files}, **arrays}
    np.savez(target, **{name: array for name, array in kept.items() if array is not None})
    return target


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_comes_back_from_its_file(name, tmp_path):
    episode = record(tiny(name), seed=2**64 - 1, number=2, evaluation=True)
    path = tmp_path / "episode.npz"
    episode.save(path)
    read = Episode.load(path, tiny(name))
    assert same(read, episode) and read.seed == 2**64 - 1 and read.number == 2 and read.evaluation
    home = np.zeros((3, 2), int)
    assert np.array_equal(read.replay(home), episode.replay(home))


@pytest.mark.parametrize("name", NAMES)
def test_space_and_number_change_what_is_drawn(name):
    s = tiny(name)
    drawn = [
        record(s, seed=4),
        record(s, seed=4, number=1),
        record(s, seed=4, evaluation=True),
        record(s, seed=5),
    ]
    assert len({episode.content() for episode in drawn}) == 4


@pytest.mark.parametrize("drawn_anew", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_environment_tells_the_episode_that_it_is_in(name, drawn_anew):
    s = tiny(name, layout_per_episode=drawn_anew)
    env = gym.make("MEC-v0", scenario=s)
    env.reset(seed=9)
    assert same(env.unwrapped.episode, record(s, seed=9))
    env.reset()
    env.step(env.action_space.sample() * 0)
    assert same(env.unwrapped.episode, record(s, seed=9, number=1))


@pytest.mark.parametrize("name", NAMES)
def test_every_cut_of_a_file_is_refused(name, tmp_path):
    path, cut = tmp_path / "whole.npz", tmp_path / "cut.npz"
    record(tiny(name), seed=1).save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), max(len(whole) // 25, 1)):
        cut.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="not a whole episode"):
            Episode.load(cut)


@pytest.mark.parametrize("name", COUPLED)
def test_what_a_coupling_draws_is_checked_too(name, tmp_path):
    path = tmp_path / "whole.npz"
    episode = record(tiny(name), seed=1)
    episode.save(path)
    for drawn, array in episode.drawn.items():
        for wrong in (None, array[:-1], array[..., None]):
            file = changed(path, tmp_path / "wrong.npz", **{f"drawn_{drawn}": wrong})
            with pytest.raises(ValueError, match=drawn):
                Episode.load(file)


@pytest.mark.parametrize("wrong", ["gain", "cycles", "server_speed"])
def test_numbers_that_no_environment_draws_are_refused(wrong, tmp_path):
    path = tmp_path / "whole.npz"
    episode = record(tiny("harvest"), seed=1)
    episode.save(path)
    array = getattr(episode, wrong) * np.float32(np.nan)
    with pytest.raises(ValueError, match=wrong):
        Episode.load(changed(path, tmp_path / "wrong.npz", **{wrong: array}))


def test_an_array_in_no_archive_and_pickles_are_refused(tmp_path):
    path = tmp_path / "alone.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(path)
    path.write_bytes(pickle.dumps({"gain": 1}))
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(path)
    record(tiny("harvest"), seed=1).save(path)
    objects = np.array([[object()]], dtype=object)
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(changed(path, tmp_path / "pickled.npz", gain=objects))


def test_flipped_bytes_are_refused_or_change_nothing(tmp_path):
    path = tmp_path / "flipped.npz"
    episode = record(tiny("rush-hour"), seed=1)
    episode.save(path)
    whole = path.read_bytes()
    for at in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :])
        try:
            read = Episode.load(path)
        except ValueError:
            continue
        assert same(read, episode)


def test_another_scenario_is_refused(tmp_path):
    path = tmp_path / "episode.npz"
    record(tiny("harvest"), seed=1).save(path)
    with pytest.raises(ValueError, match="another scenario"):
        Episode.load(path, tiny("harvest", drop_seconds=3.0))


@pytest.mark.parametrize(
    "decisions, says",
    [
        (np.zeros((2, 2), int), "shape"),
        (np.zeros((3, 2)), "dtype"),
        (np.full((3, 2), 3), "3 for device 0 in slot 0, must be from 0"),
        (np.full((3, 2), -1), "-1 for device 0 in slot 0, must be from 0"),
    ],
)
def test_decisions_that_cant_be_are_refused(decisions, says):
    with pytest.raises(ValueError, match=says):
        record(tiny("harvest"), seed=1).replay(decisions)


@pytest.mark.parametrize("number", [-1, 2**32, 1.5, True])
def test_numbers_beyond_the_counter_are_refused(number):
    with pytest.raises(ValueError, match="number"):
        record(tiny("harvest"), seed=1, number=number)


def test_a_changed_harvest_is_no_replay(tmp_path):
    file = tmp_path / "sun.csv"

    def write(values):
        rows = [f"{3600 * k},{value}" for k, value in enumerate(values)]
        file.write_text("\n".join(["time,ghi", *rows]) + "\n", encoding="utf-8")

    write([100, 900, 900, 100, 100, 100])
    s = tiny("harvest", harvest="file", harvest_file=str(file), panel=1.0)
    episode = record(s, seed=1)
    write([900, 100, 100, 900, 100, 9000 / 10])

    os.utime(file, ns=(1, 1))
    with pytest.raises(ValueError, match="not the one"):
        episode.replay(np.zeros((3, 2), int))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", COUPLED)
def test_no_sequence_of_decisions_beats_the_bound(name, seed):
    episode = record(tiny(name), seed=seed)
    found = hindsight(episode)
    assert found.lower_bound <= found.objective * (1 + 1e-12)
    assert episode.replay(found.decisions).sum() == pytest.approx(found.objective, rel=1e-12)
    every = itertools.product(itertools.product(range(3), repeat=2), repeat=3)
    best = min(episode.replay(np.array(decisions)).sum() for decisions in every)
    assert found.lower_bound <= best * (1 + 1e-12)
    assert best <= found.objective * (1 + 1e-12)


@pytest.mark.parametrize("name", COUPLED)
def test_little_time_and_wrong_prices_leave_the_bound_valid(name):
    episode = record(tiny(name, iotds=6, slots=5), seed=3)
    full = hindsight(episode)
    for given in (dict(time_limit=1e-6), dict(prices=full.prices), dict(prices=9 * full.prices)):
        found = hindsight(episode, **given)
        assert found.lower_bound <= full.objective * (1 + 1e-12)
        assert found.objective >= full.lower_bound * (1 - 1e-12)
        assert episode.replay(found.decisions).sum() == pytest.approx(found.objective, rel=1e-12)
    for wrong in (-full.prices - 1, full.prices * np.nan, full.prices[:-1]):
        with pytest.raises(ValueError, match="prices"):
            hindsight(episode, prices=wrong)
    assert mec_env.hindsight is hindsight

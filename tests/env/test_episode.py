"""Episodes written down: kept whole, replayed by the environment's own step, bounded in hindsight."""

import numpy as np
import pytest

import mec_env
from mec_env import Episode, MECEnv

NAMES = ("square-km", "follow-me", "harvest", "rush-hour")


def small(name, **fields):
    return mec_env.SCENARIOS[name].replace(iotds=12, mecs=3, slots=8, **fields)


def same(a, b):
    assert (a.scenario, a.seed, a.number, a.evaluation) == (
        b.scenario,
        b.seed,
        b.number,
        b.evaluation,
    )
    assert a.content() == b.content() and set(a.drawn) == set(b.drawn)


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_goes_through_its_file(name, tmp_path):
    episode = mec_env.record(small(name), 2**64 - 1, number=2, evaluation=True)
    episode.save(tmp_path / "e.npz")
    again = Episode.load(tmp_path / "e.npz", small(name))
    same(again, episode)
    assert not again.gain.flags.writeable
    decisions = np.random.default_rng(0).integers(0, 4, (8, 12))
    assert np.array_equal(again.replay(decisions), episode.replay(decisions))
    assert mec_env.hindsight(again).lower_bound == mec_env.hindsight(episode).lower_bound


@pytest.mark.parametrize("name", NAMES)
def test_the_running_episode_is_the_one_recorded(name):
    env = MECEnv(small(name))
    env.reset(seed=7)
    same(env.episode, mec_env.record(small(name), 7))
    decisions = np.random.default_rng(1).integers(0, 4, (8, 12))
    found = [env.step(d)[4]["objective"] for d in decisions]
    assert np.array_equal(mec_env.record(small(name), 7).replay(decisions), found)
    env.reset()
    same(env.episode, mec_env.record(small(name), 7, number=1))


def test_there_is_no_episode_before_a_reset():
    import gymnasium

    with pytest.raises(gymnasium.error.ResetNeeded, match="episode"):
        MECEnv().episode  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_hindsight_is_a_bound_however_it_is_found(name):
    episode = mec_env.record(small(name), 0)
    whole = mec_env.hindsight(episode)
    assert whole.decisions.shape == (8, 12) and whole.prices.shape == (8, 3)
    assert episode.replay(whole.decisions).sum() == pytest.approx(whole.objective, rel=1e-12)
    assert whole.gap == pytest.approx(whole.objective / whole.lower_bound - 1.0)
    hasty = mec_env.hindsight(episode, time_limit=0.0)
    warm = mec_env.hindsight(episode, prices=whole.prices)
    best = min(whole.objective, hasty.objective, warm.objective)
    for found in (whole, hasty, warm):
        assert found.lower_bound <= best * (1 + 1e-12)
        assert episode.replay(found.decisions).sum() == pytest.approx(found.objective, rel=1e-12)


def test_prices_that_can_not_be_are_refused():
    episode = mec_env.record(small("follow-me"), 0)
    with pytest.raises(ValueError, match=r"prices: shape \(3,\), must be \(8, 3\)"):
        mec_env.hindsight(episode, prices=np.ones(3))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="prices: must be finite numbers of 0 or more"):
            mec_env.hindsight(episode, prices=np.full((8, 3), bad))


def test_files_that_are_no_whole_episode_are_refused(tmp_path):
    path = tmp_path / "e.npz"
    mec_env.record(small("harvest"), 0).save(path)
    with pytest.raises(ValueError, match="an episode of another scenario"):
        Episode.load(path, small("rush-hour"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(path)
    with pytest.raises(FileNotFoundError):
        Episode.load(tmp_path / "none.npz")


def test_an_episode_with_slots_missing_is_refused(tmp_path):
    path = tmp_path / "e.npz"
    mec_env.record(small("harvest"), 0).save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "gain": arrays["gain"][:5]})
    with pytest.raises(ValueError, match="gain has shape"):
        Episode.load(path)
    np.savez(path, **{**arrays, "gain": np.array([object()])})
    with pytest.raises(ValueError, match="not a whole episode"):
        Episode.load(path)


def test_decisions_that_can_not_be_are_refused():
    episode = mec_env.record(small("follow-me"), 0)
    with pytest.raises(ValueError, match=r"decisions: shape \(3, 12\)"):
        episode.replay(np.zeros((3, 12), dtype=int))
    with pytest.raises(ValueError, match="must be integers"):
        episode.replay(np.zeros((8, 12)))
    with pytest.raises(ValueError, match="must be from 0"):
        episode.replay(np.full((8, 12), 4))
    wrong = np.zeros((8, 12), dtype=int)
    wrong[6, 11] = -1
    with pytest.raises(ValueError, match="decisions: -1 for device 11 in slot 6, must be from 0"):
        episode.replay(wrong)


def test_an_episode_that_is_not_drawn_here_is_not_replayed(tmp_path):
    path = tmp_path / "e.npz"
    mec_env.record(small("square-km"), 0).save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "gain": arrays["gain"] * np.float32(2.0)})
    with pytest.raises(ValueError, match="its slot 0 is not the one"):
        Episode.load(path).replay(np.zeros((8, 12), dtype=int))


def test_training_and_evaluation_episodes_have_nothing_in_common():
    a, b = (mec_env.record(small("rush-hour"), 3, evaluation=e) for e in (False, True))
    assert not np.intersect1d(a.gain, b.gain).size
    assert not np.array_equal(a.drawn["present"], b.drawn["present"])

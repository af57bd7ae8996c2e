"""Batches: row k is a single environment to the last bit, on any number of threads."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env import MECEnv, MECVectorEnv
from mec_env.views.picture import SlotRenderer
from tests.helpers import UNEQUAL, same

MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]
DECISIONS = np.array([[0, 1, 2, 3, 1], [3, 3, 0, 0, 2], [1, 1, 1, 1, 1]])


def make(rows=3, **fields):
    return MECVectorEnv(rows, **{**UNEQUAL, **fields})


def walk(envs, steps, seed=1, rng_seed=0):
    """Everything that a batch returns from a reset on, under random actions."""
    envs.action_space.seed(rng_seed)
    actions = [envs.action_space.sample() for _ in range(steps)]
    return [envs.reset(seed=seed)] + [envs.step(a) for a in actions]


# --- against single environments --------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("actions", ["decisions", "scores"])
@pytest.mark.parametrize("per_episode", [False, True])
@pytest.mark.parametrize("reward", ["reciprocal", "saving"])
def test_the_same_as_gymnasiums_own_batch(mode, actions, per_episode, reward):
    # Observations, rewards, flags, infos with their masks, final_obs and final_info, over
    # three episodes; types too.
    fields = dict(UNEQUAL, actions=actions, layout_per_episode=per_episode, reward=reward)
    ours = MECVectorEnv(3, autoreset_mode=mode, **fields)
    theirs = SyncVectorEnv([lambda: MECEnv(**fields)] * 3, autoreset_mode=mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    for a, b in zip(walk(ours, 14), walk(theirs, 14)):
        assert same(a, b), (a, b)


@pytest.mark.parametrize("mode", MODES)
def test_rows_that_end_at_different_times(mode):
    # A masked reset lets rows run out of step with each other.
    fields = dict(UNEQUAL, layout_per_episode=True)
    ours = MECVectorEnv(3, autoreset_mode=mode, **fields)
    theirs = SyncVectorEnv([lambda: MECEnv(**fields)] * 3, autoreset_mode=mode)
    mask = np.array([False, True, False])
    for seed in (5, [7, None, 9], None):
        for envs in (ours, theirs):
            envs.reset(seed=4)
            for _ in range(2):
                envs.step(DECISIONS)
        a, b = (e.reset(seed=seed, options=dict(reset_mask=mask)) for e in (ours, theirs))
        assert same(a[0], b[0])
        assert all((a[1][f"_{key}"] == mask).all() for key in ("objective", "time"))
        for _ in range(9):
            assert same(ours.step(DECISIONS), theirs.step(DECISIONS))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 5), st.integers(0, 2**63), st.booleans(), st.integers(1, 3),
    st.sampled_from(["rayleigh", "lydroo", "are"]), st.integers(0, 100),
)  # fmt: skip
def test_row_k_is_the_single_environment_with_seed_plus_k(rows, seed, drawn, threads, law, choice):
    fields = {**UNEQUAL, "layout_per_episode": drawn, "channel": law}
    envs = MECVectorEnv(rows, threads=threads, **fields)
    singles = [MECEnv(**fields) for _ in range(rows)]
    seen, _ = envs.reset(seed=seed)
    first = [single.reset(seed=seed + k)[0] for k, single in enumerate(singles)]
    assert (seen == np.array(first)).all()
    rng = np.random.default_rng(choice)
    for _ in range(4):
        decisions = rng.integers(0, 4, (rows, 5))
        seen, rewards, _, truncated, infos = envs.step(decisions)
        for k, single in enumerate(singles):
            one = single.step(decisions[k])
            assert (seen[k] == one[0]).all() and rewards[k] == one[1] and truncated[k] == one[3]
            assert all(infos[key][k] == one[4][key] for key in one[4])
            assert (envs.slot(k).gain == single.slot.gain).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("actions", ["decisions", "scores"])
@pytest.mark.parametrize("per_episode", [False, True])
def test_the_number_of_threads_changes_nothing(mode, actions, per_episode):
    fields = dict(actions=actions, autoreset_mode=mode, layout_per_episode=per_episode)
    one, two, three = (walk(make(7, threads=t, **fields), 10) for t in (1, 2, 3))
    assert same(one, two) and same(one, three)


def test_the_number_of_threads_does_not_change_the_error():
    bad = np.zeros((7, 5), dtype=int)
    bad[1, 3], bad[5, 2], bad[6, 0] = 4, -1, 9
    for threads in (1, 2, 3, 7):
        envs = make(7, threads=threads)
        envs.reset(seed=0)
        with pytest.raises(
            ValueError, match=r"^actions\[1, 3\] = 4: must be from 0 \(local\) to 3"
        ):
            envs.step(bad)


# --- conventions ------------------------------------------------------------------


def test_make_vec():
    envs = gymnasium.make_vec(
        "MEC-v0", num_envs=2, vectorization_mode="vector_entry_point", max_episode_steps=3,
        mecs=2, iotds=3,
    )  # fmt: skip
    assert isinstance(envs.unwrapped, MECVectorEnv) and envs.unwrapped.scenario.slots == 3
    assert envs.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    same_step = gymnasium.make_vec(
        "MEC-v0", num_envs=2, vectorization_mode="vector_entry_point", mecs=2, iotds=3,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )  # fmt: skip
    assert same_step.metadata["autoreset_mode"] == AutoresetMode.SAME_STEP
    assert MECVectorEnv.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP


@pytest.mark.parametrize("mode", AutoresetMode)
def test_an_autoreset_mode_is_its_name_or_its_value_in_any_case(mode):
    for word in (mode, mode.name, mode.value, mode.name.lower(), mode.value.upper()):
        assert make(autoreset_mode=word).autoreset_mode is mode
        assert make(autoreset_mode=word).metadata["autoreset_mode"] is mode


def test_spec_round_trip():
    envs = gymnasium.make_vec(
        "MEC-v0", num_envs=2, autoreset_mode=AutoresetMode.SAME_STEP, iotds=2, mecs=2,
        device_layout="given", device_positions=np.array([[1.0, 2.0], [3.0, 4.0]]),
    )  # fmt: skip
    again = gymnasium.make_vec(EnvSpec.from_json(envs.spec.to_json()))
    assert again.num_envs == 2 and again.autoreset_mode is AutoresetMode.SAME_STEP
    assert again.unwrapped.scenario == envs.unwrapped.scenario
    assert again.spec.max_episode_steps == envs.spec.max_episode_steps == 100
    assert same(again.reset(seed=1), envs.reset(seed=1))


def test_types():
    envs = make()
    seen, rewards, terminated, truncated, infos = walk(envs, 1)[1]
    assert seen.dtype == np.float32 and seen.shape == (3, 33)
    assert rewards.dtype == np.float64 and terminated.dtype == truncated.dtype == bool
    assert all(infos[k].dtype == np.float64 for k in ("objective", "time", "energy", "offloaded"))


def test_next_step_resets_in_the_step_after_the_end():
    envs = make(1, slots=2)
    envs.reset(seed=3)
    single = MECEnv(**{**UNEQUAL, "slots": 2})
    single.reset(seed=3)
    assert envs.step(DECISIONS[:1])[3].tolist() == [False]
    assert envs.step(DECISIONS[:1])[3].tolist() == [True]
    # The action of the resetting step has no effect, only its shape must be right.
    seen, rewards, _, truncated, infos = envs.step(DECISIONS[1:2])
    assert (seen[0] == single.reset()[0]).all() and rewards[0] == 0.0 and not truncated[0]
    assert infos["objective"][0] == 0.0 and infos["_objective"][0]


def test_disabled_leaves_resetting_to_the_caller():
    envs = make(autoreset_mode="Disabled", slots=2)
    envs.reset(seed=3)
    envs.step(DECISIONS)
    assert envs.step(DECISIONS)[3].all()
    with pytest.raises(ResetNeeded, match=r"^step: row 0 has ended; call"):
        envs.step(DECISIONS)
    mask = np.array([True, False, True])
    seen, _ = envs.reset(options=dict(reset_mask=mask))
    with pytest.raises(ResetNeeded, match=r"^step: row 1 has ended"):
        envs.step(DECISIONS)
    seen, _ = envs.reset(options=dict(reset_mask=~mask))
    whole = make(slots=2)
    whole.reset(seed=3)
    assert (seen == whole.reset()[0]).all()
    envs.step(DECISIONS)


def test_what_was_returned_is_the_callers_own():
    envs = make()
    seen, infos = envs.reset(seed=0)
    kept = [seen.copy(), {k: v.copy() for k, v in infos.items()}]
    later = envs.step(DECISIONS)
    kept_later = copy.deepcopy(later)
    envs.step(DECISIONS)
    assert same([seen, infos], kept) and same(later, kept_later)
    seen[:] = np.nan
    mask = np.array([True, False, False])
    assert np.isfinite(envs.reset(options=dict(reset_mask=mask))[0]).all()


def test_fresh_batches_without_seeds_differ_and_so_do_their_rows():
    starts = [row.tobytes() for _ in range(3) for row in make().reset()[0]]
    assert len(set(starts)) == 9


def test_zero_is_a_seed_and_no_seed_goes_on():
    envs = make()
    a, _ = envs.reset(seed=0)
    b, _ = envs.reset()
    assert (
        (envs.reset(seed=0)[0] == a).all()
        and (envs.reset()[0] == b).all()
        and (a != b)[:, :25].all()
    )


# --- pictures -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("actions", ["decisions", "scores"])
def test_each_row_is_drawn_as_the_single_environment_is(mode, actions):
    # Worlds change with the episodes, so a picture of another slot would show.
    pytest.importorskip("pygame")
    fields = dict(
        UNEQUAL, actions=actions, layout_per_episode=True, slots=2, render_mode="rgb_array"
    )
    ours = MECVectorEnv(2, autoreset_mode=mode, **fields)
    theirs = SyncVectorEnv([lambda: MECEnv(**fields)] * 2, autoreset_mode=mode)
    ours.action_space.seed(0)
    ours.reset(seed=1), theirs.reset(seed=1)
    half = dict(options=dict(reset_mask=np.array([True, False])))
    for step in range(6):
        for mine, wanted in zip(ours.render(), theirs.render(), strict=True):
            assert (mine == wanted).all()
        ended = step == 2 and mode is AutoresetMode.DISABLED
        for envs in (ours, theirs):
            # Every row ended; only the first begins anew, and both are drawn.
            envs.reset(**half) if ended else None
        if ended:
            assert all((a == b).all() for a, b in zip(ours.render(), theirs.render()))
            break
        action = ours.action_space.sample()
        ours.step(action), theirs.step(action)
        action[:] = 0


def test_pictures_are_drawn_when_asked_for_and_of_then(monkeypatch):
    pytest.importorskip("pygame")
    drawn = []
    draw = SlotRenderer.draw
    monkeypatch.setattr(SlotRenderer, "draw", lambda *a: drawn.append(a[1]) or draw(*a))
    envs = make(5, render_mode="rgb_array")
    envs.reset(seed=0)
    frames = envs.render()
    assert len(frames) == 5 and not drawn
    envs.step(np.ones((5, 5), int))
    assert frames[-1] is frames[4] and len(drawn) == 1 and drawn[0].decision is None
    assert envs.render()[1] is not None and drawn[1].decision.tolist() == [1] * 5
    with pytest.raises(IndexError):
        frames[5]


def test_tiles_are_the_first_rows():
    pytest.importorskip("pygame")
    envs = gymnasium.make_vec("MEC-v0", num_envs=6, render_mode="rgb_array", **UNEQUAL)
    envs.reset(seed=0)
    frames = envs.render()
    height, width, _ = frames[0].shape
    four = frames.tiled()
    assert four.shape == (2 * height, 2 * width, 3) and four.dtype == np.uint8
    for row in range(4):
        y, x = divmod(row, 2)
        tile = four[y * height : (y + 1) * height, x * width : (x + 1) * width]
        assert (tile == frames[row]).all()
    five = frames.tiled(5)
    assert five.shape == (2 * height, 3 * width, 3)
    assert (five[height:, 2 * width :] == 255).all()
    assert (five[height:, width : 2 * width] == frames[4]).all()
    assert (frames.tiled(1) == frames[0]).all()
    assert frames.tiled(99).shape == (2 * height, 3 * width, 3)


def test_without_a_render_mode_there_is_no_picture():
    envs = make()
    envs.reset(seed=0)
    with pytest.warns(UserWarning, match="no render_mode was given"):
        assert envs.render() is None
    with pytest.raises(ResetNeeded):
        make(render_mode="rgb_array").render()


# --- errors -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "seed, words",
    [
        ([1, 2], "^seed: 2 seeds, must be one integer or 3"),
        (5.0, "^seed: 5.0, must be one integer or 3"),
        ("abc", "^seed: 'abc', must be one integer or 3"),
        (True, "^seed: True, must be one integer or 3"),
        ([1, -1, 2], "^seed = -1: must be from 0"),
        ([1, 1.5, 2], "^seed = 1.5: must be an integer from 0"),
        (2**64 - 1, "^seed = 18446744073709551616: must be from 0"),
    ],
)
def test_bad_seeds_are_refused_and_the_episodes_go_on(seed, words):
    expected = walk(make(), 6)
    envs = make()
    got = [envs.reset(seed=1)]
    envs.action_space.seed(0)
    for _ in range(6):
        with pytest.raises(ValueError, match=words):
            envs.reset(seed=seed)
        got.append(envs.step(envs.action_space.sample()))
    assert same(got, expected)


NAN_SCORES = np.full((3, 15), 0.5)
NAN_SCORES[2, 4] = np.nan


@pytest.mark.parametrize(
    "actions, action, words",
    [
        ("decisions", np.zeros((2, 5), int), r"^action: shape \(2, 5\), must be \(3, 5\)"),
        ("decisions", np.zeros(5, int), r"^action: shape \(5,\), must be \(3, 5\)"),
        ("decisions", np.zeros((3, 5)), "^action: dtype float64, must be integers"),
        ("decisions", np.eye(3, 5, dtype=int) * 4, r"^actions\[0, 0\] = 4: must be from 0"),
        ("scores", NAN_SCORES, r"^actions\[2, 4\] = nan: must be a number"),
        ("scores", np.zeros((3, 5)), r"^action: shape \(3, 5\), must be \(3, 15\)"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_a_refused_action_loses_nothing(actions, action, words, mode):
    fields = dict(actions=actions, autoreset_mode=mode)
    expected = walk(make(**fields), 10)
    envs = make(**fields)
    got = [envs.reset(seed=1)]
    envs.action_space.seed(0)
    for _ in range(10):
        # In the step that resets all rows, NEXT_STEP does not look at their actions' values.
        if not (mode is AutoresetMode.NEXT_STEP and envs._ended.any()):
            with pytest.raises(ValueError, match=words):
                envs.step(action)
        got.append(envs.step(envs.action_space.sample()))
    assert same(got, expected)


@pytest.mark.parametrize(
    "mask", [[True, False], [1, 0, 0], [False] * 3, np.ones((3, 1), bool), "yes"]
)
def test_bad_masks(mask):
    envs = make()
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"^options\['reset_mask'\]: .* at least one True"):
        envs.reset(options=dict(reset_mask=mask))


def test_too_early():
    envs = make()
    for act in (lambda: envs.step(DECISIONS), lambda: envs.slot(0),
                lambda: envs.reset(options=dict(reset_mask=np.array([True, False, False])))):  # fmt: skip
        with pytest.raises(ResetNeeded, match="reset"):
            act()


@pytest.mark.parametrize(
    "fields, words",
    [
        (dict(num_envs=0), "^num_envs = 0: must be an integer of at least 1"),
        (dict(num_envs=2.0), "^num_envs = 2.0: must be an integer"),
        (dict(threads=0), "^threads = 0: must be an integer of at least 1"),
        (dict(autoreset_mode="Next"), r"^autoreset_mode = 'Next': .*did you mean 'NextStep'\?"),
        (
            dict(autoreset_mode=3),
            "^autoreset_mode = 3: must be one of Disabled, NextStep, SameStep",
        ),
        (dict(autoreset_mode=[]), r"^autoreset_mode = \[\]: must be one of"),
        (dict(actions="vote"), "^actions = 'vote': must be one of decisions, prices, scores"),
        (dict(render_mode="human"), "^render_mode = 'human': must be one of rgb_array"),
        (dict(iotd=3), r"did you mean 'iotds'\?"),
    ],
)
def test_bad_arguments(fields, words):
    with pytest.raises(ValueError, match=words):
        MECVectorEnv(**fields)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("mode", MODES)
def test_a_copy_goes_on_identically_and_apart(how, mode):
    envs = make(autoreset_mode=mode, layout_per_episode=True, threads=2)
    envs.reset(seed=4)
    for _ in range(4):
        envs.step(DECISIONS)
    twin = how(envs)
    ahead = [twin.step(DECISIONS) for _ in range(6)]
    assert same(ahead, [envs.step(DECISIONS) for _ in range(6)])

"""``MEC-v0`` as one agent: seeds, types, errors, copies."""

import copy
import json
import pickle
import pkgutil
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded

import mec_env
from mec_env import MECEnv, Range, Scenario, outcome
from tests.helpers import UNEQUAL, play, same

DECISION = [0, 1, 2, 3, 1]


@pytest.fixture
def env():
    return MECEnv(**UNEQUAL)


# --- seeds ------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_episodes(env):
    other = MECEnv(**UNEQUAL)
    for seed in (0, 5, None, None):
        assert same(env.reset(seed=seed), other.reset(seed=seed))
        assert same(play(env, [DECISION] * 4), play(other, [DECISION] * 4))


def test_zero_is_a_seed(env):
    first, _ = env.reset(seed=0)
    again, _ = env.reset(seed=0)
    fresh, _ = MECEnv(**UNEQUAL).reset(seed=0)
    assert (first == again).all() and (first == fresh).all()
    assert (first != env.reset(seed=1)[0])[:25].all()


def test_reset_without_a_seed_goes_on_to_the_next_episode(env):
    episodes = [env.reset(seed=0)[0]] + [env.reset()[0] for _ in range(3)]
    assert len({e.tobytes() for e in episodes}) == 4
    # Where it goes does not depend on how far the episodes were played.
    env.reset(seed=0)
    play(env, [DECISION] * 4)
    assert (env.reset()[0] == episodes[1]).all()


def test_fresh_environments_without_seeds_differ():
    starts = {MECEnv(**UNEQUAL).reset()[0].tobytes() for _ in range(4)}
    assert len(starts) == 4


def test_decisions_do_not_move_the_draws(env):
    env.reset(seed=2)
    a = [out[0] for out in play(env, [DECISION] * 4)]
    env.reset(seed=2)
    b = [out[0] for out in play(env, [[0] * 5] * 4)]
    assert same(a, b)


@pytest.mark.parametrize("seed", [np.int64(7), np.uint64(7)])
def test_numpy_integers_are_seeds(env, seed):
    assert same(env.reset(seed=seed), env.reset(seed=7))


def test_large_seeds(env):
    starts = {env.reset(seed=s)[0].tobytes() for s in (0, 2**32, 2**63, 2**64 - 1)}
    assert len(starts) == 4


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "1", True, [1]])
def test_bad_seeds_are_refused_and_the_episode_goes_on(env, seed):
    env.reset(seed=3)
    expected = play(env, [DECISION] * 4)
    env.reset(seed=3)
    with pytest.raises(ValueError, match=r"^seed = .*: must be "):
        env.reset(seed=seed)
    assert same(play(env, [DECISION] * 4), expected)


def test_the_global_random_state_is_untouched():
    # The old global state is the very thing that must not move.
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    env = MECEnv(**UNEQUAL, layout_per_episode=True)
    env.reset()
    play(env, [env.action_space.sample() for _ in range(4)])
    batch = mec_env.MECVectorEnv(2, **UNEQUAL)
    batch.reset()
    batch.step(batch.action_space.sample())
    parallel = mec_env.parallel_env(**UNEQUAL)
    parallel.reset()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


# --- what comes back --------------------------------------------------------------


def test_types(env):
    seen, info = env.reset(seed=0)
    assert info == dict(objective=0.0, time=0.0, energy=0.0, offloaded=0.0)
    for _ in range(4):
        assert type(seen) is np.ndarray and seen.dtype == np.float32 and seen.ndim == 1
        assert all(type(v) is float for v in info.values())
        seen, reward, terminated, truncated, info = env.step(DECISION)
        assert type(reward) is float and type(terminated) is bool and type(truncated) is bool
        assert set(info) == {"objective", "time", "energy", "offloaded"}
    assert truncated and not terminated


def test_what_was_returned_is_the_callers_own(env):
    first, _ = env.reset(seed=0)
    kept = first.copy()
    second, *_ = env.step(DECISION)
    assert (first == kept).all() and not np.shares_memory(first, second)
    first[:] = second[:] = np.nan
    assert np.isfinite(env.step(DECISION)[0]).all()


def test_spaces_are_the_same_objects_every_time(env):
    spaces = env.observation_space, env.action_space
    env.reset(seed=0)
    env.step(DECISION)
    assert (env.observation_space, env.action_space) == spaces
    assert env.observation_space is spaces[0] and env.action_space is spaces[1]
    assert env.action_space == gymnasium.spaces.MultiDiscrete([4] * 5)
    scores = MECEnv(**UNEQUAL, actions="scores")
    assert scores.action_space == gymnasium.spaces.Box(0.0, 1.0, (15,), np.float32)


def test_info_is_the_outcome_of_the_slot_that_was_observed(env):
    env.reset(seed=1)
    for _ in range(4):
        slot, decision = env.slot, env.action_space.sample()
        _, reward, _, _, info = env.step(decision)
        judged = outcome(slot, decision)
        assert info["objective"] == judged.objective and reward == 1 / judged.objective


def test_scores_are_the_decision_they_vote_for(env):
    # Server by server: device 0 prefers server 2, device 1 nobody, device 2 server 3,
    # device 3 server 1, device 4 server 3 (clipped to a tie with 2 that the gain decides).
    scores = np.array(
        [[0.1, 0.2, 0.6, 0.9, 0.0], [0.8, 0.49, 0.7, -3.0, 2.0], [0.7, 0.0, 0.9, 0.5, 7.0]]
    )
    other = MECEnv(**UNEQUAL, actions="scores")
    env.reset(seed=1)
    other.reset(seed=1)
    tie = 2 if env.slot.gain[4, 1] > env.slot.gain[4, 2] else 3
    assert same(other.step(scores.ravel()), env.step([2, 0, 3, 1, tie]))


def test_episodes_end_after_their_slots():
    for fields in (dict(slots=3), dict(max_cycles=3), dict(slots=3, max_cycles=None)):
        env = MECEnv(mecs=2, iotds=3, **fields)
        env.reset(seed=0)
        assert [out[3] for out in play(env, [[0] * 3] * 3)] == [False, False, True]


# --- errors: one sentence, and nothing is lost --------------------------------------


def test_step_and_slot_before_reset(env):
    with pytest.raises(ResetNeeded, match=r"^slot: .*call reset\(\) first"):
        _ = env.slot
    with pytest.raises(ResetNeeded, match=r"^step: .*call reset\(\) first"):
        env.step(DECISION)


def test_step_after_the_end(env):
    env.reset(seed=0)
    play(env, [DECISION] * 4)
    for _ in range(2):
        with pytest.raises(ResetNeeded, match="the episode is over"):
            env.step(DECISION)
    reference = MECEnv(**UNEQUAL)
    reference.reset(seed=0)
    assert same(env.reset(), reference.reset())


NAN_SCORE = np.full(15, 0.5)
NAN_SCORE[7] = np.nan


@pytest.mark.parametrize(
    "actions, action, words",
    [
        ("decisions", [0, 1], r"^action: shape \(2,\), must be \(5,\)"),
        ("decisions", 1, r"^action: shape \(\), must be \(5,\)"),
        ("decisions", [[0] * 5], r"^action: shape \(1, 5\), must be \(5,\)"),
        ("decisions", [0.0] * 5, "^action: dtype float64, must be integers"),
        ("decisions", [True] * 5, "^action: dtype bool, must be integers"),
        ("decisions", ["1"] * 5, "^action: dtype <U1, must be integers"),
        ("decisions", [0, 1, 4, 0, 0], r"^action\[2\] = 4: must be from 0 \(local\) to 3"),
        ("decisions", [0, -1, 0, 0, 9], r"^action\[1\] = -1: must be from 0 \(local\) to 3"),
        ("scores", np.zeros(5), r"^action: shape \(5,\), must be \(15,\)"),
        ("scores", np.zeros((3, 5)), r"^action: shape \(3, 5\), must be \(15,\)"),
        ("scores", NAN_SCORE, r"^action\[7\] = nan: must be a number"),
        ("scores", ["0.5"] * 15, "^action: dtype <U3, must be numbers"),
        ("scores", [None] * 15, "^action: dtype object, must be numbers"),
    ],
)
def test_a_refused_action_loses_nothing(actions, action, words):
    env = MECEnv(**UNEQUAL, actions=actions)
    fine = DECISION if actions == "decisions" else np.linspace(0, 1, 15)
    env.reset(seed=6)
    expected = play(env, [fine] * 4)
    env.reset(seed=6)
    got = []
    for _ in range(4):
        slot = env.slot
        with pytest.raises(ValueError, match=words):
            env.step(action)
        assert env.slot is slot
        got.append(env.step(fine))
    assert same(got, expected)


@pytest.mark.filterwarnings("ignore:.*render_mode='rgb'")
@pytest.mark.parametrize(
    "fields, words",
    [
        (dict(actions="score"), r"^actions = 'score': must be .*did you mean 'scores'\?"),
        (dict(render_mode="rgb"), r"^render_mode = 'rgb': must be .*did you mean 'rgb_array'\?"),
        (dict(scenario="square"), r"^scenario = 'square': must be one of"),
        (
            dict(iotd=5),
            r"^MECEnv.__init__\(\) got an unexpected keyword argument 'iotd'; did you mean 'iotds'\?",
        ),
        (dict(slots=0), "^slots = 0: must be an integer from 1"),
        (dict(max_cycles=0), "^slots = 0: must be an integer from 1"),
        (dict(mecs=8.0), "^mecs = 8.0: must be an integer"),
    ],
)
def test_bad_arguments(fields, words):
    with pytest.raises(ValueError, match=words):
        MECEnv(**fields)
    with pytest.raises(ValueError, match=words.replace("^", "")):
        gymnasium.make("MEC-v0", **fields)


@pytest.mark.parametrize(
    "make, name",
    [
        (MECEnv, "MECEnv.__init__"),
        (mec_env.MECVectorEnv, "MECVectorEnv.__init__"),
        (mec_env.MECParallelEnv, "MECParallelEnv.__init__"),
        (mec_env.parallel_env, "MECParallelEnv.__init__"),
        (mec_env.env, "MECParallelEnv.__init__"),
        (mec_env.raw_env, "MECParallelEnv.__init__"),
        (lambda **fields: gymnasium.make("MEC-v0", **fields), "MECEnv.__init__"),
        (lambda **fields: gymnasium.make_vec("MEC-v0", **fields), "MECVectorEnv.__init__"),
    ],
)
def test_an_unknown_keyword_is_refused_in_pythons_words(make, name):
    for keyword, hint in {"frameskip": "", "bandwith": "; did you mean 'bandwidth'?"}.items():
        with pytest.raises(TypeError) as refused:
            make(**{keyword: 4, "slots": 0})
        assert isinstance(refused.value, ValueError)
        said = f"{name}() got an unexpected keyword argument {keyword!r}{hint}"
        assert str(refused.value).startswith(said)
        assert hint or "did you mean" not in str(refused.value)


@pytest.mark.parametrize(
    "make, wrong, right",
    [
        (MECEnv, "action", "actions"),
        (mec_env.MECVectorEnv, "autoreset", "autoreset_mode"),
        (mec_env.parallel_env, "agent", "agents"),
        (mec_env.parallel_env, "max_cycle", "max_cycles"),
    ],
)
def test_an_unknown_keyword_may_be_near_one_that_is_no_field(make, wrong, right):
    with pytest.raises(TypeError, match=f"{wrong!r}; did you mean {right!r}"):
        make(**{wrong: 1})


# --- the length of an episode -------------------------------------------------------


def test_a_longer_limit_is_warned_of_once():
    for env in (
        gymnasium.make("MEC-v0", **UNEQUAL, max_episode_steps=5),
        gymnasium.wrappers.RecordEpisodeStatistics(
            gymnasium.wrappers.TimeLimit(MECEnv(**UNEQUAL), 5)
        ),
    ):
        with pytest.warns(UserWarning, match="max_episode_steps = 5: .* slots = 4 .*slots=5"):
            env.reset()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            env.reset()


@pytest.mark.filterwarnings("error")
def test_a_shorter_limit_and_an_equal_one_are_not_warned_of():
    for steps in (3, 4):
        env = gymnasium.make("MEC-v0", **UNEQUAL, max_episode_steps=steps)
        env.reset()
        assert [env.step(DECISION)[3] for _ in range(steps)] == [False] * (steps - 1) + [True]


@pytest.mark.filterwarnings("error")
def test_a_limit_around_another_environment_is_no_concern():
    class Outer(gymnasium.Env):
        def __init__(self):
            self.inner = MECEnv(**UNEQUAL)

        def reset(self, seed=None, options=None):
            return self.inner.reset()

    gymnasium.wrappers.TimeLimit(Outer(), 50).reset()


def test_the_spec_says_how_long_an_episode_is():
    assert gymnasium.make("MEC-v0", **UNEQUAL).spec.max_episode_steps == 4
    assert gymnasium.make("MEC-v0", **UNEQUAL, max_episode_steps=3).spec.max_episode_steps == 3
    assert gymnasium.make_vec("MEC-v0", num_envs=2, **UNEQUAL).spec.max_episode_steps == 4
    assert gymnasium.spec("MEC-v0").max_episode_steps is None
    assert MECEnv(**UNEQUAL).spec is None


def test_time_aware_observations_see_the_share_of_the_episode_that_is_over():
    env = gymnasium.make("MEC-v0", **UNEQUAL)
    env = gymnasium.wrappers.TimeAwareObservation(env, normalize_time=True)
    env.reset()
    assert [env.step(DECISION)[0][-1] for _ in range(4)] == [0.25, 0.5, 0.75, 1.0]


def test_a_spec_is_made_anew_with_another_length():
    spec = gymnasium.make("MEC-v0", **UNEQUAL).spec
    longer = gymnasium.make(spec, slots=6, max_episode_steps=-1)
    longer.reset()
    assert [longer.step(DECISION)[3] for _ in range(6)] == [False] * 5 + [True]
    assert longer.spec.max_episode_steps == 6


# --- copies -----------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{}, dict(layout_per_episode=True), dict(actions="scores")])
@pytest.mark.parametrize("how", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_a_copy_goes_on_identically_and_apart(fields, how):
    env = MECEnv(**UNEQUAL, **fields)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(4)]
    env.reset(seed=8)
    play(env, actions[:2])
    twin = how(env)
    ahead = play(twin, actions[2:]) + [twin.reset()]
    assert same(ahead, play(env, actions[2:]) + [env.reset()])


# --- registration -----------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        dict(mecs=2, iotds=2, cycles=Range(1e9, 2e9)),
        dict(scenario="square-km", world_seed=3, iotds=4),
        dict(scenario=Scenario(**UNEQUAL), actions="scores"),
        dict(mecs=2, iotds=3, area=(3.0, 4.0), server_speed=[1e9, 2e9]),
        dict(
            mecs=np.int64(2), iotds=3, area=np.float32(50.0), noise=np.float32(1e-12),
            device_layout="given", device_positions=np.arange(6.0).reshape(3, 2),
            server_layout=np.str_("given"), server_positions=[np.ones(2), (np.float32(2.5), 3)],
            server_speed=np.array([1e9, 2e9]), data_bits=Range(np.float32(1e5), 2e5),
        ),
        dict(scenario=dict(mecs=2, iotds=2, local_speed=np.array([5e8, 1e9]))),
        dict(scenario=Scenario(
            mecs=1, iotds=2, cycles=Range(1e9, 2e9),
            device_layout="given", device_positions=np.array([[1.0, 2.0], [3.0, 4.0]]),
        )),
    ],
)  # fmt: skip
def test_spec_round_trip(fields):
    env = gymnasium.make("MEC-v0", **fields)
    text = env.spec.to_json()
    json.loads(text)
    assert EnvSpec.from_json(text) == env.spec
    for again in (gymnasium.make(EnvSpec.from_json(text)), gymnasium.make(env.spec)):
        assert again.unwrapped.scenario == env.unwrapped.scenario
        assert again.action_space == env.action_space
        assert same(again.reset(seed=1), env.reset(seed=1))


def test_a_spec_with_a_path_round_trips(tmp_path):
    path = tmp_path / "own.toml"
    Scenario(**UNEQUAL).save(path)
    env = gymnasium.make("MEC-v0", scenario=path, world_seed=3)
    again = gymnasium.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.scenario == Scenario(**UNEQUAL, world_seed=3)


def test_a_spec_leaves_the_callers_arrays_alone():
    fields = dict(iotds=2, mecs=1, device_layout="given", device_positions=np.ones((2, 2)))
    gymnasium.make("MEC-v0", **fields)
    assert type(fields["device_positions"]) is np.ndarray


def in_a_fresh_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_make_without_an_import_of_ours():
    code = """
import gymnasium
env = gymnasium.make("mec_env:MEC-v0", mecs=8, iotds=180)
print(env.reset(seed=0)[0].shape, env.step(env.action_space.sample())[3])
"""
    assert in_a_fresh_process(code) == "(1440,) False"


def test_import_loads_nothing_heavy():
    code = """
import sys, mec_env, gymnasium
heavy = "numba torch matplotlib pygame pettingzoo scipy llvmlite".split()
print([name for name in heavy if name in sys.modules], "MEC-v0" in gymnasium.registry)
"""
    assert in_a_fresh_process(code) == "[] True"


@pytest.mark.parametrize("first", ["env", "MECParallelEnv", "MECEnv", "MECVectorEnv"])
def test_public_names_do_not_depend_on_the_order_of_use(first):
    code = f"""
import mec_env
mec_env.{first}
print(callable(mec_env.parallel_env), mec_env.parallel_env(mecs=2, iotds=3).possible_agents)
"""
    assert in_a_fresh_process(code) == "True ['mec_0', 'mec_1']"


def test_no_public_name_is_a_module():
    # A submodule's name would be overwritten by the module when it is imported.
    modules = {module.name for module in pkgutil.iter_modules(mec_env.__path__)}
    assert {"judging", "checks", "version"} <= modules
    assert not modules & set(mec_env.__all__)


def test_unknown_names_of_the_package():
    with pytest.raises(AttributeError, match="'mec_env' has no attribute 'nothing'"):
        _ = mec_env.nothing

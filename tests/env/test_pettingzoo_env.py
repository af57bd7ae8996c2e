"""The parallel environment: MEC-v0 seen column by column, and nothing more."""

import copy
import pickle

import numpy as np
import pytest
from gymnasium.error import ResetNeeded

import mec_env
from mec_env import MECEnv, Range, outcome, parallel_env
from mec_env.laws.channels import reference_gain
from tests.helpers import UNEQUAL, same

WHO = ["servers", "devices"]


def make(agents="servers", **fields):
    return parallel_env(agents=agents, **{**UNEQUAL, **fields})


def sample(env, rng):
    """Random actions of all agents."""
    if env.possible_agents[0].startswith("mec"):
        return {a: rng.random(5, dtype=np.float32) for a in env.agents}
    return {a: int(rng.integers(4)) for a in env.agents}


def walk(env, steps=4, seed=1):
    rng = np.random.default_rng(0)
    return [env.reset(seed=seed)] + [env.step(sample(env, rng)) for _ in range(steps)]


def test_agents():
    assert make().possible_agents == ["mec_0", "mec_1", "mec_2"]
    assert make("devices").possible_agents == [f"iotd_{i}" for i in range(5)]
    assert make().agents == []


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("reward", ["reciprocal", "saving"])
def test_it_is_mec_v0_step_by_step(who, reward):
    env = make(who, reward=reward)
    one = MECEnv(**UNEQUAL, actions="scores" if who == "servers" else "decisions", reward=reward)
    rng = np.random.default_rng(3)
    for seed in (0, None, None):
        env.reset(seed=seed)
        seen, info = one.reset(seed=seed)
        for t in range(4):
            assert (env.state() == seen).all()
            actions = sample(env, rng)
            parts, rewards, terminations, truncations, infos = env.step(actions)
            joint = list(actions.values())
            joint = np.concatenate(joint) if who == "servers" else np.array(joint)
            seen, expected, _, _, info = one.step(joint)
            for agent in env.possible_agents:
                assert rewards[agent] == expected
                assert terminations[agent] is False and truncations[agent] is (t == 3)
                assert infos[agent] == {**info, "TimeLimit.truncated": t == 3}
                assert env.observation_space(agent).contains(parts[agent])


def test_actions_are_taken_by_name_not_by_order():
    a, b = make(), make()
    actions = sample(a, np.random.default_rng(0)) or {}
    a.reset(seed=1), b.reset(seed=1)
    actions = sample(a, np.random.default_rng(0))
    backwards = dict(reversed(actions.items()))
    assert list(backwards) != list(actions)
    assert same(a.step(actions), b.step(backwards))


# --- nothing of another's column ----------------------------------------------------


def shares(scenario, slot):
    """The slot's tasks and speeds as observed: over the scenario's largest."""
    largest = {
        name: value.high if isinstance(value, Range) else value
        for name, value in vars(scenario).items()
    }
    names = ("data_bits", "cycles", "local_speed", "server_speed")
    return [getattr(slot, name) / largest[name] for name in names]


def test_a_servers_observation_follows_from_its_own_column_alone():
    env = make()
    rng = np.random.default_rng(0)
    parts, _ = env.reset(seed=2)
    for _ in range(4):
        *devices, servers = shares(env.scenario, env.slot)
        for j, agent in enumerate(env.possible_agents):
            own = np.log10(env.slot.gain[:, j] / reference_gain(env.scenario))
            expected = np.concatenate([own, *devices, servers[j : j + 1]])
            assert parts[agent] == pytest.approx(expected, abs=5e-6)
        parts, *_ = env.step(sample(env, rng))


def test_a_devices_observation_follows_from_its_own_row_alone():
    env = make("devices")
    rng = np.random.default_rng(0)
    parts, _ = env.reset(seed=2)
    for _ in range(4):
        *devices, servers = shares(env.scenario, env.slot)
        for i, agent in enumerate(env.possible_agents):
            own = np.log10(env.slot.gain[i] / reference_gain(env.scenario))
            expected = np.concatenate([own, [block[i] for block in devices], servers])
            assert parts[agent] == pytest.approx(expected, abs=5e-6)
        parts, *_ = env.step(sample(env, rng))


def test_another_servers_place_does_not_show():
    def start(second):
        env = parallel_env(
            mecs=2, iotds=5, server_layout="given", server_positions=((5.0, 5.0), second)
        )
        return env.reset(seed=1)[0]

    a, b = start((45.0, 45.0)), start((20.0, 30.0))
    assert (a["mec_0"] == b["mec_0"]).all() and (a["mec_1"] != b["mec_1"]).all()


def test_another_devices_place_does_not_show():
    def start(second):
        env = parallel_env(
            mecs=2, iotds=2, agents="devices", server_layout="random",
            device_layout="given", device_positions=((5.0, 5.0), second),
        )  # fmt: skip
        return env.reset(seed=1)[0]

    a, b = start((45.0, 45.0)), start((20.0, 30.0))
    assert (a["iotd_0"] == b["iotd_0"]).all() and (a["iotd_1"] != b["iotd_1"]).all()


# --- what comes back --------------------------------------------------------------


@pytest.mark.parametrize("who", WHO)
def test_spaces_are_the_same_objects_and_seeded_apart(who):
    env = make(who)
    for agent in env.possible_agents:
        spaces = env.observation_space(agent), env.action_space(agent)
        env.reset(seed=0)
        assert env.observation_space(agent) is spaces[0] and env.action_space(agent) is spaces[1]
        assert spaces[0].dtype == np.float32 and len(spaces[0].shape) == 1
    first, second = env.possible_agents[:2]
    assert env.action_space(first) is not env.action_space(second)
    assert env.state_space is env.state_space and env.state_space.contains(env.state())


@pytest.mark.parametrize("who", WHO)
def test_infos_have_the_same_keys_in_reset_and_step_and_no_strings(who):
    results = walk(make(who))
    every = [results[0][1]] + [out[4] for out in results[1:]]
    keys = {"objective", "time", "energy", "offloaded", "TimeLimit.truncated"}
    for infos in every:
        for info in infos.values():
            assert set(info) == keys
            assert all(type(info[k]) is float for k in keys - {"TimeLimit.truncated"})
            assert type(info["TimeLimit.truncated"]) is bool
    assert [i["mec_0" if who == "servers" else "iotd_0"]["TimeLimit.truncated"] for i in every] == [
        False, False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("who", WHO)
def test_agents_are_empty_after_the_end(who):
    env = make(who)
    results = walk(env)
    assert env.agents == []
    assert all(set(part) == set(env.possible_agents) for part in results[-1])
    assert all(type(r) is float for r in results[-1][1].values())
    with pytest.raises(ResetNeeded, match=r"^step: the episode is over"):
        env.step({})
    env.reset()
    assert env.agents == env.possible_agents and env.agents is not env.possible_agents


@pytest.mark.parametrize("who", WHO)
def test_seeds(who):
    assert same(walk(make(who), seed=0), walk(make(who), seed=0))
    starts = {make(who).reset()[0][make(who).possible_agents[0]].tobytes() for _ in range(3)}
    assert len(starts) == 3
    env = make(who)
    episodes = [env.reset(seed=0), env.reset(), env.reset()]
    assert not same(episodes[0], episodes[1]) and not same(episodes[1], episodes[2])


def test_what_was_returned_is_the_callers_own():
    env = make()
    parts, _ = env.reset(seed=0)
    kept = env.state().copy()
    for part in parts.values():
        part[:] = np.nan
    assert (env.state() == kept).all()


def test_the_slot_is_the_one_observed():
    env = make("devices")
    env.reset(seed=5)
    slot = env.slot
    *_, infos = env.step({f"iotd_{i}": j for i, j in enumerate([0, 1, 2, 3, 3])})
    assert infos["iotd_3"]["objective"] == outcome(slot, [0, 1, 2, 3, 3]).objective


def test_the_aec_form_is_the_same_game():
    env, parallel = mec_env.env(**UNEQUAL), make()
    env.reset(seed=4)
    parallel.reset(seed=4)
    rng = np.random.default_rng(0)
    for _ in range(4):
        actions = sample(parallel, rng)
        _, rewards, _, _, infos = parallel.step(actions)
        for agent in parallel.possible_agents:
            assert env.agent_selection == agent
            env.step(actions[agent])
        assert env.rewards == rewards
        assert all(env.infos[a]["objective"] == infos[a]["objective"] for a in infos)
        assert all((env.observe(a) == parallel._observations()[a]).all() for a in infos)
        assert (env.state() == parallel.state()).all()
    assert all(env.truncations.values()) and not any(env.terminations.values())


# --- errors -----------------------------------------------------------------------

FINE = np.linspace(0, 1, 5)
HOLED = np.array([0.5, np.nan, 0.5, 0.5, 0.5])
SCORES = {"mec_0": FINE, "mec_1": FINE, "mec_2": FINE}
CHOICES = {f"iotd_{i}": 1 for i in range(5)}


@pytest.mark.parametrize(
    "who, actions, words",
    [
        ("servers", {}, "^actions: none for 'mec_0', every agent must act"),
        ("servers", {"mec_0": FINE, "mec_2": FINE}, "^actions: none for 'mec_1'"),
        ("servers", {**SCORES, "mec_3": FINE}, "^agent = 'mec_3': must be one of .*did you mean"),
        ("servers", {**SCORES, "mec_1": HOLED}, r"^actions\['mec_1'\] = .*: must be numbers"),
        ("servers", {**SCORES, "mec_1": FINE[:4]}, r"^actions\['mec_1'\]: shape \(4,\), must be \(5,\)"),
        ("servers", {**SCORES, "mec_1": 0.5}, r"^actions\['mec_1'\]: shape \(\)"),
        ("servers", {**SCORES, "mec_2": ["a"] * 5}, r"^actions\['mec_2'\] = .*: must be numbers"),
        ("devices", {**CHOICES, "iotd_2": 4}, r"^actions\['iotd_2'\] = 4: .* from 0 \(local\) to 3"),
        ("devices", {**CHOICES, "iotd_4": -1}, r"^actions\['iotd_4'\] = -1: must be an integer"),
        ("devices", {**CHOICES, "iotd_2": 1.0}, r"^actions\['iotd_2'\] = 1.0: must be an integer"),
        ("devices", {**CHOICES, "iotd_2": None}, r"^actions\['iotd_2'\] = None: must be an integer"),
        ("devices", {**CHOICES, "iotd_2": [1]}, r"^actions\['iotd_2'\]: shape \(1,\), must be \(\)"),
    ],
)  # fmt: skip
def test_refused_actions_lose_nothing(who, actions, words):
    expected = walk(make(who))
    env, rng = make(who), np.random.default_rng(0)
    got = [env.reset(seed=1)]
    for _ in range(4):
        before = env.state().copy()
        with pytest.raises(ValueError, match=words):
            env.step(actions)
        assert (env.state() == before).all() and env.agents == env.possible_agents
        got.append(env.step(sample(env, rng)))
    assert same(got, expected)


def test_scores_out_of_range_are_clipped():
    a, b = make(), make()
    wild = dict.fromkeys(a.possible_agents, FINE * 7 - 4)
    a.reset(seed=1), b.reset(seed=1)
    assert same(a.step(wild), b.step({x: np.clip(v, 0, 1) for x, v in wild.items()}))


def test_too_early():
    env = make()
    for act in (lambda: env.slot, env.state, lambda: env.step(SCORES)):
        with pytest.raises(ResetNeeded, match="reset"):
            act()


@pytest.mark.parametrize(
    "fields, words",
    [
        (dict(agents="server"), r"^agents = 'server': .*did you mean 'servers'\?"),
        (dict(render_mode="rgb"), r"^render_mode = 'rgb': .*did you mean 'rgb_array'\?"),
        (dict(max_cycles=0), "^slots = 0: must be"),
        (dict(scenario="nowhere"), "^scenario = 'nowhere': must be one of"),
    ],
)
def test_bad_arguments(fields, words):
    with pytest.raises(ValueError, match=words):
        parallel_env(**fields)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("how", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_a_copy_goes_on_identically_and_apart(who, how):
    env, rng = make(who), np.random.default_rng(2)
    walk(env, 2)
    twin = how(env)
    actions = [sample(env, rng) for _ in range(2)]
    ahead = [twin.step(a) for a in actions] + [twin.reset()]
    assert same(ahead, [env.step(a) for a in actions] + [env.reset()])


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("how", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_a_copy_of_the_aec_form_goes_on_identically(who, how):
    env = mec_env.env(agents=who, **UNEQUAL)
    env.reset(seed=1)
    twin = how(env)
    action = FINE.astype(np.float32) if who == "servers" else 2
    for _ in range(12):
        for each in (env, twin):
            each.step(None if any(each.last()[2:4]) else action)
        assert same(env.rewards, twin.rewards) and env.agents == twin.agents

"""Prices, features and admission in every view: infos, batches, checkers, keywords, judging."""

import re

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test

import mec_env
from mec_env import RULES, SUITES, MECEnv, MECVectorEnv
from mec_env.judging.rules import Admitted
from tests.helpers import UNEQUAL, same

PRICED = dict(actions="prices", observe="features")
FOUR = {"objective", "time", "energy", "offloaded"}
WAYS = {
    "prices": (dict(actions="prices"), {"asked", "admitted"}),
    "prices alone": (dict(actions="prices", admission=False), {"asked", "admitted"}),
    "broadcasts": (dict(actions="prices", broadcasts=2), {"asked", "admitted", "exchanged"}),
    "admission": (dict(actions="scores", admission=True), {"asked", "admitted"}),
    "neither": (dict(actions="scores", admission=False), set()),
}
BUSY = {**UNEQUAL, "iotds": 20}


def acts(env, count, seed=0):
    """Random actions of a Box, also of a batch's."""
    rng = np.random.default_rng(seed)
    shape = env.action_space.shape
    return [rng.uniform(-1, 1, shape).astype(np.float32) for _ in range(count)]


# --- infos ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_infos_tell_what_was_asked_and_admitted(way):
    options, more = WAYS[way]
    env = MECEnv(**options, **BUSY)
    _, info = env.reset(seed=1)
    assert info == dict.fromkeys(FOUR | more, 0.0)
    for action in acts(env, 4):
        decision = env.decision(action)
        info = env.step(action)[4]
        assert set(info) == FOUR | more
        assert all(type(value) is float for value in info.values())
        if more:
            assert 1.0 >= info["asked"] and info["admitted"] == info["offloaded"]
            assert info["admitted"] == np.mean(decision > 0)
        if more and "exchanged" not in more:
            # Without asking again nobody gets in who didn't ask.
            assert info["asked"] >= info["admitted"]


@pytest.mark.parametrize("way", WAYS)
def test_infos_of_a_batch_are_arrays_with_masks(way):
    options, more = WAYS[way]
    envs = MECVectorEnv(3, **options, **BUSY)
    _, infos = envs.reset(seed=1)
    keys = FOUR | more
    assert set(infos) == keys | {f"_{key}" for key in keys}
    assert all((infos[key] == 0.0).all() for key in keys)
    infos = envs.step(acts(envs, 1)[0])[4]
    assert set(infos) == keys | {f"_{key}" for key in keys}
    for key in keys:
        assert infos[key].shape == (3,) and infos[key].dtype == np.float64
        assert infos[f"_{key}"].all() and infos[f"_{key}"].dtype == bool


@pytest.mark.parametrize("way", WAYS)
def test_agents_get_the_infos_of_the_single_environment(way):
    options, more = WAYS[way]
    single = MECEnv(**options, **BUSY)
    env = mec_env.parallel_env(agents="servers", **options, **BUSY)
    aec = mec_env.env(agents="servers", **options, **BUSY)
    single.reset(seed=1), aec.reset(seed=1)
    first = env.reset(seed=1)[1]
    assert all(info.keys() >= FOUR | more for info in first.values())
    for action in acts(single, 4):
        told = single.step(action)[4]
        parts = dict(zip(env.possible_agents, action.reshape(3, -1)))
        infos = env.step(parts)[4]
        for agent in aec.possible_agents:
            aec.step(parts[agent])
        for agent in env.possible_agents:
            for info in (infos[agent], aec.infos[agent]):
                assert {key: info[key] for key in FOUR | more} == told
                assert set(info) == FOUR | more | {"TimeLimit.truncated"}


def test_exchanged_counts_bytes_of_loads_and_what_askers_pay():
    env = MECEnv(actions="prices", broadcasts=2, **BUSY)
    env.reset(seed=1)
    for action in acts(env, 4):
        told = env.step(action)[4]["exchanged"]
        # Each broadcast tells three loads of 8 bytes, and at most one price for each device.
        assert told % 8 == 0 and 2 * 3 * 8 <= told <= 2 * (3 + 20) * 8


# --- batches ---------------------------------------------------------------------------


@pytest.mark.parametrize("moves", [False, True], ids=["one layout", "layout per episode"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "options",
    [
        PRICED,
        dict(PRICED, retries=2, broadcasts=2),
        dict(PRICED, nominal="calibrated"),
        dict(actions="scores", observe="features", admission=True),
        dict(actions="prices", admission=False),
    ],
    ids=["priced", "asking again", "calibrated", "scores", "alone"],
)
def test_a_batch_is_single_to_the_bit(options, threads, moves):
    fields = {**BUSY, "layout_per_episode": moves, "slots": 3}
    envs = MECVectorEnv(4, threads=threads, **options, **fields)
    singles = [MECEnv(**options, **fields) for _ in range(4)]
    observed, _ = envs.reset(seed=7)
    for k, env in enumerate(singles):
        assert same(env.reset(seed=7 + k)[0], observed[k])
    for action in acts(envs, 3):
        observed, rewards, _, truncated, infos = envs.step(action)
        for k, env in enumerate(singles):
            seen, reward, _, ends, info = env.step(action[k])
            assert same(seen, observed[k]) and reward == rewards[k] and ends == truncated[k]
            assert info == {key: infos[key][k] for key in info}


def test_a_layout_per_episode_has_prices_of_its_own():
    fields = {**BUSY, "layout_per_episode": True, "device_layout": "uniform"}
    env = MECEnv(actions="prices", **fields)
    asked = []
    for _ in range(3):
        env.reset(seed=None if asked else 3)
        asked.append(float(env.prices(np.zeros(3))[0]))
    assert len(set(asked)) == 3
    env.reset(seed=3)
    assert env.prices(np.zeros(3))[0] == asked[0]


# --- the libraries' checkers ---------------------------------------------------------------


SIZES = [dict(mecs=3, iotds=5, slots=6), UNEQUAL, dict(mecs=1, iotds=1)]
BROADCASTS = [dict(), dict(retries=2, broadcasts=1)]
CHECKERS = pytest.mark.filterwarnings("error::UserWarning")


@CHECKERS
@pytest.mark.parametrize("more", BROADCASTS)
@pytest.mark.parametrize("fields", SIZES)
def test_gymnasium(fields, more):
    env = gymnasium.make("MEC-v0", **PRICED, **more, **fields)
    gymnasium_check(env.unwrapped, skip_render_check=True)


@CHECKERS
@pytest.mark.parametrize("fields", SIZES)
def test_stable_baselines3(fields):
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(MECEnv(**PRICED, **fields), warn=True, skip_render_check=True)


@CHECKERS
@pytest.mark.parametrize("fields", SIZES)
def test_pettingzoo(fields):
    fields = dict(fields, agents="servers", **PRICED)
    parallel_api_test(mec_env.parallel_env(**fields), num_cycles=30)
    parallel_seed_test(lambda: mec_env.parallel_env(**fields), num_cycles=30)
    api_test(mec_env.env(**fields), num_cycles=60)
    seed_test(lambda: mec_env.env(**fields), num_cycles=30)


def test_a_spec_makes_the_same_environment_again():
    options = dict(PRICED, admission=False, nominal="calibrated", span=2.0)
    negotiating = dict(PRICED, retries=2, broadcasts=(0.1, 0.05))
    for given in (options, negotiating):
        env = gymnasium.make("MEC-v0", **given, **UNEQUAL)
        again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()))
        assert again.unwrapped.options == env.unwrapped.options
        first, second = env.reset(seed=2), again.reset(seed=2)
        assert same(first, second)
        action = np.full(3, 0.3, np.float32)
        assert same(env.step(action), again.step(action))


# --- keywords ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(actions="price"), "actions = 'price'"),
        (dict(observe="feature"), "observe = 'feature'"),
        (dict(nominal="pool"), "nominal = 'pool'"),
        (dict(span=0.0), "span = 0"),
        (dict(span=-1.0), "span = -1"),
        (dict(span=21.0), "span = 21: must be above 0 and at most 20"),
        (dict(span=float("nan")), "span = nan"),
        (dict(admission="yes"), "admission = 'yes': must be True, False or None"),
        (dict(retries=-1), "retries = -1"),
        (dict(retries=1, actions="scores", admission=True), "retries = 1: need prices"),
        (dict(retries=1, admission=False), "retries = 1: need prices and admission"),
        (dict(broadcasts=1, admission=False), "broadcasts = 1: need admission, which is off"),
        (dict(broadcasts=17), "broadcasts = 17"),
        (dict(broadcasts=[-0.1]), "broadcasts = -0.1"),
    ],
)
def test_bad_keywords_are_named_in_one_sentence(options, message):
    options = {"actions": "prices", **options}
    makers = [
        MECEnv,
        lambda **given: MECVectorEnv(2, **given),
        lambda **given: mec_env.parallel_env(agents="servers", **given),
    ]
    for make in makers:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}") as caught:
            make(**options, **UNEQUAL)
        assert "\n" not in str(caught.value) and ". " not in str(caught.value)


def test_devices_neither_ask_prices_nor_observe_features():
    with pytest.raises(ValueError, match=r"^actions = 'prices': devices act by decisions$"):
        mec_env.parallel_env(agents="devices", actions="prices", **UNEQUAL)
    with pytest.raises(ValueError, match=r"^observe = 'features': are of servers; devices"):
        mec_env.parallel_env(agents="devices", observe="features", **UNEQUAL)


def test_an_agents_price_that_is_no_number_names_the_agent():
    env = mec_env.parallel_env(agents="servers", **PRICED, **UNEQUAL)
    env.reset(seed=0)
    actions = {agent: np.zeros(1, np.float32) for agent in env.agents}
    with pytest.raises(ValueError, match=r"^actions\['mec_1'\]"):
        env.step({**actions, "mec_1": np.array([np.nan], np.float32)})


# --- judging ---------------------------------------------------------------------------------

PART = SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=6)


class Optimal:
    """Plays each slot's optimal prices, found beforehand, through the environment."""

    actions, span = "prices", 20.0

    def prepare(self, scenario):
        env = MECEnv.for_evaluation(scenario, actions="prices", span=self.span)
        nominal = env.prices(np.zeros(scenario.mecs))
        prices = [mec_env.certify(slot).prices for slot in PART.slots()]
        self._actions = iter(np.log(np.array(prices) / nominal) / self.span)

    def act(self, observation):
        return next(self._actions)


class WithoutAdmission(Optimal):
    admission = False


@pytest.mark.parametrize(
    "policy, rule",
    [(Optimal(), Admitted(RULES["slot-price"]())), (WithoutAdmission(), RULES["slot-price"]())],
)
def test_optimal_prices_played_come_to_what_the_rule_comes_to(policy, rule):
    played, judged = mec_env.evaluate(policy, PART), mec_env.evaluate(rule, PART)
    assert played.objective == pytest.approx(judged.objective, rel=1e-9)


@pytest.mark.parametrize("kind", ["whole", "local"])
def test_a_policy_is_judged_as_it_says_it_acts(kind, monkeypatch):
    made = []
    checked = mec_env.views.options.Options.checked.__func__
    said = dict(
        actions="prices", observe="features", admission=True, nominal="calibrated", span=2.0,
        retries=2, broadcasts=(0.1,),
    )  # fmt: skip

    def watched(cls, *given):
        made.append(checked(cls, *given))
        return made[-1]

    monkeypatch.setattr(mec_env.views.options.Options, "checked", classmethod(watched))
    shapes = []

    def whole(self, observation):
        shapes.append(observation.shape)
        return np.zeros(8, np.float32)

    def local(self, agent, observation):
        shapes.append(observation.shape)
        return np.zeros(1, np.float32)

    act, shape = (whole, (8 * 16,)) if kind == "whole" else (local, (16,))
    policy = type("Policy", (), {**said, "act": act})()
    suite = PART.only(slots=2)
    mec_env.evaluate(policy, suite)
    assert set(shapes) == {shape}
    assert made[-1] == mec_env.views.options.Options(**said)

"""The batch of worlds: what is drawn, observed and judged, against plain numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env import SCENARIOS, MECEnv, MECVectorEnv, Range, Scenario, outcome
from mec_env.laws.channels import reference_gain
from mec_env.laws.coupling import coupling_of
from mec_env.simulator import observation
from tests.helpers import UNEQUAL


def test_an_observation_worked_by_hand():
    # One server at (0, 0); devices at 10 m and 100 m; ARE: gains 1e-2 and 1e-4. The reference
    # is the gain at half the side of a 200 m square, 100 m: 1e-4. So 2 decades and 0.
    # Data 1 and 4 of at most 4; cycles 1 and 2 of at most 2; speeds 0.5 and 1 of 1; the single
    # server's speed is given as values, so it is there as 1.
    scenario = Scenario(
        mecs=1, iotds=2, area=200.0, channel="are",
        device_layout="given", device_positions=((10.0, 0.0), (0.0, 100.0)),
        server_layout="given", server_positions=((0.0, 0.0),),
        data_bits=[1e5, 4e5], cycles=[1e9, 2e9], local_speed=[0.5e9, 1e9], server_speed=[1e10],
    )  # fmt: skip
    seen, _ = MECEnv(scenario).reset(seed=0)
    assert seen == pytest.approx([2.0, 0.0, 0.25, 1.0, 0.5, 1.0, 0.5, 1.0, 1.0], abs=1e-6)


def whole_observation(scenario, slot):
    """The observation of a slot as its docstring says, in float64."""
    blocks = [np.log10(slot.gain.T.ravel() / reference_gain(scenario))]
    for name in ("data_bits", "cycles", "local_speed", "server_speed"):
        value = getattr(scenario, name)
        if not isinstance(value, float):
            largest = value.high if isinstance(value, Range) else max(value)
            blocks.append(getattr(slot, name) / largest)
    return np.concatenate(blocks)


@pytest.mark.parametrize("name", SCENARIOS)
def test_observations_are_the_slots_in_every_named_scenario(name):
    scenario = SCENARIOS[name].replace(slots=30)
    env = MECEnv(scenario)
    n = scenario.iotds
    rng = np.random.default_rng(1)
    seen, _ = env.reset(seed=3)
    for _ in range(25):
        assert seen.dtype == np.float32 and seen.shape == env.observation_space.shape
        assert env.observation_space.contains(seen)
        # float32 logarithms of gains 10 decades from the reference: a few 1e-6.
        # What a coupling shows besides follows; tests of their own look at that.
        expected = whole_observation(scenario, env.slot)
        assert seen[: expected.size] == pytest.approx(expected, abs=5e-6)
        slot, decision = env.slot, rng.integers(0, scenario.mecs + 1, n)
        seen, _, _, _, info = env.step(decision)
        judged = outcome(slot, decision)
        found, expected = (info["objective"], info["time"], info["energy"]), (
            judged.objective, judged.time, judged.energy,
        )  # fmt: skip
        # A coupling's costs are added in another order.
        coupled = coupling_of(scenario) != "none"
        assert found == (pytest.approx(expected, rel=1e-12) if coupled else expected)


@pytest.mark.parametrize("field", ["data_bits", "cycles", "local_speed", "server_speed"])
@pytest.mark.parametrize("kind", ["range", "values", "world"])
def test_each_block_appears_alone(field, kind):
    count = 3 if field == "server_speed" else 4
    value = [3e8 + 1e8 * k for k in range(count)] if kind == "values" else Range(2e8, 8e8)
    scenario = Scenario(
        mecs=3, iotds=4, tasks="world" if kind == "world" else "slot", **{field: value}
    )
    env = MECEnv(scenario)
    seen, _ = env.reset(seed=1)
    assert seen.size == observation.size(scenario) == 12 + count
    for _ in range(3):
        # What a coupling shows besides follows; tests of their own look at that.
        expected = whole_observation(scenario, env.slot)
        assert seen[: expected.size] == pytest.approx(expected, abs=5e-6)
        seen, *_ = env.step([0, 1, 2, 3])


def test_what_is_fixed_and_what_is_drawn():
    env = MECEnv(**UNEQUAL)
    env.reset(seed=1)
    a = env.slot
    env.step([0] * 5)
    b = env.slot
    for name in ("gain", "data_bits", "cycles"):
        assert (getattr(a, name) != getattr(b, name)).all(), name
    for name in ("distance", "local_speed", "server_speed"):
        assert (getattr(a, name) == getattr(b, name)).all(), name
    fixed = MECEnv(**UNEQUAL, tasks="world")
    fixed.reset(seed=1)
    c = fixed.slot
    fixed.step([0] * 5)
    assert (fixed.slot.cycles == c.cycles).all() and (fixed.slot.gain != c.gain).all()


def test_the_seed_moves_the_slots_and_the_world_seed_the_world():
    def start(seed, **fields):
        env = MECEnv(**{**UNEQUAL, **fields})
        env.reset(seed=seed)
        return env.slot

    a, other_seed, other_world = start(1), start(2), start(1, world_seed=9)
    assert (a.distance == other_seed.distance).all() and (a.gain != other_seed.gain).all()
    assert (a.distance != other_world.distance).all()
    assert (a.local_speed == other_seed.local_speed).all()
    assert (a.local_speed != other_world.local_speed).all()
    # Tasks of the slot belong to the seed.
    assert (a.cycles == other_world.cycles).all() and (a.cycles != other_seed.cycles).all()


def test_a_layout_per_episode_moves_everything_at_each_reset_only():
    env = MECEnv(**UNEQUAL, layout_per_episode=True)
    worlds = []
    for seed in (1, None, None):
        env.reset(seed=seed)
        a = env.slot
        env.step([0] * 5)
        assert (env.slot.distance == a.distance).all()
        worlds.append(a)
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert (worlds[a].distance != worlds[b].distance).all()
        assert (worlds[a].local_speed != worlds[b].local_speed).all()
        assert (worlds[a].server_speed != worlds[b].server_speed).all()
    again = MECEnv(**UNEQUAL, layout_per_episode=True)
    again.reset(seed=1)
    assert (again.slot.distance == worlds[0].distance).all()


FIELDS = st.fixed_dictionaries(
    dict(
        channel=st.sampled_from(["rayleigh", "are", "droo", "lydroo", "log-distance"]),
        shadowing=st.sampled_from([0.0, 6.0]),
        device_layout=st.sampled_from(["uniform", "gaussian", "levy", "clusters"]),
        server_layout=st.sampled_from(["kmeans", "random"]),
        tasks=st.sampled_from(["slot", "world"]),
        reward=st.sampled_from(["reciprocal", "saving"]),
        layout_per_episode=st.booleans(),
        world_seed=st.integers(0, 2**64 - 1),
        cycles=st.sampled_from([1e9, Range(1e8, 3e9)]),
        data_bits=st.sampled_from([8e5, Range(1e5, 1e6)]),
        local_speed=st.sampled_from([1e9, Range(5e8, 1e9)]),
        server_speed=st.sampled_from([1e10, Range(1e9, 1e10)]),
        weight_energy=st.sampled_from([0.0, 1.0]),
        exponent=st.sampled_from([3.0, 2.9]),
        mecs=st.integers(1, 4),
        iotds=st.integers(1, 7),
        area=st.sampled_from([50.0, (1000.0, 20.0)]),
    )
)


@settings(max_examples=60, deadline=None)
@given(FIELDS, st.integers(0, 2**64 - 1), st.data())
def test_any_scenario_keeps_its_promises(fields, seed, data):
    scenario = Scenario(slots=3, **fields)
    env = MECEnv(scenario)
    env.reset(seed=seed)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    for t in range(3):
        slot, decision = env.slot, rng.integers(0, scenario.mecs + 1, scenario.iotds)
        seen, reward, terminated, truncated, info = env.step(decision)
        judged = outcome(slot, decision)
        assert env.observation_space.contains(seen)
        assert (info["objective"], info["time"], info["energy"]) == (
            judged.objective, judged.time, judged.energy,
        )  # fmt: skip
        if scenario.reward == "reciprocal":
            assert reward == 1.0 / judged.objective
        else:
            assert reward == pytest.approx(1 - judged.objective / slot.local_cost.sum(), rel=1e-9)
        assert info["offloaded"] == (decision > 0).mean()
        assert not terminated and truncated == (t == 2)


def test_saving_nothing_is_zero():
    env = MECEnv(**UNEQUAL, reward="saving")
    env.reset(seed=0)
    assert env.step([0] * 5)[1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("per_episode", [False, True])
def test_rows_have_their_own_slots(per_episode):
    env = MECVectorEnv(4, **UNEQUAL, layout_per_episode=per_episode)
    env.reset(seed=0)
    slots = [env.slot(row) for row in range(4)]
    for a in range(4):
        for b in range(a):
            assert (slots[a].gain != slots[b].gain).all()
            assert (slots[a].cycles != slots[b].cycles).all()
            assert (slots[a].distance != slots[b].distance).all() == per_episode


def test_a_slot_does_not_change_when_the_environment_steps_on():
    env = MECEnv(**UNEQUAL, layout_per_episode=True)
    env.reset(seed=3)
    slot = env.slot
    assert env.slot is slot
    before = {k: np.array(v) for k, v in vars(slot).items() if isinstance(v, np.ndarray)}
    cost = outcome(slot, [0, 1, 2, 3, 1]).objective
    for _ in range(2):
        for _ in range(4):
            env.step([1, 2, 3, 0, 0])
        env.reset()
    assert env.slot is not slot
    for name, value in before.items():
        assert (getattr(slot, name) == value).all()
    assert outcome(slot, [0, 1, 2, 3, 1]).objective == cost


def test_parts_of_an_observation():
    scenario = Scenario(**UNEQUAL)
    # Entries numbered in their place: gains 0-14 (server by server), data 15-19, cycles 20-24,
    # local speeds 25-29, server speeds 30-32.
    whole = np.arange(33, dtype=np.float32)
    assert observation.size(scenario) == 33
    assert observation.of_server(whole, scenario, 1).tolist() == [*range(5, 10), *range(15, 30), 31]
    assert observation.of_device(whole, scenario, 2).tolist() == [2, 7, 12, 17, 22, 27, 30, 31, 32]
    equal = Scenario(mecs=3, iotds=5)
    assert observation.of_server(whole[:15], equal, 2).tolist() == [*range(10, 15)]
    assert observation.of_device(whole[:15], equal, 4).tolist() == [4, 9, 14]
    for agents, part in (("servers", 21), ("devices", 9)):
        low, high = observation.bounds(scenario, agents)
        assert observation.size(scenario, agents) == low.size == high.size == part

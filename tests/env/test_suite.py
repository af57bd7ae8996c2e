"""Frozen suites stay frozen, and the evaluator shows each policy what it may see."""

import numpy as np
import pytest

import mec_env
from mec_env.judging.intervals import interval, tail
from mec_env.judging.suite import SUITES, Suite, resolve_suite
from mec_env.views.gym_env import MECEnv

OWN = Suite("own", mec_env.Scenario(mecs=2, iotds=5, slots=4), (0, 3), (0, 1, 2))

# Over every drawn number: a change of physics, streams or scenarios shows here. Then either the
# change is a defect or the suite needs a new version.
HASHES = {
    "paper-medium-v1": "ded36453ea16cb94051e0ba7ff00ac6411692282ba1a83261f3d061317e82756",
    "paper-large-v1": "c0b350ca602813cf5da55668933c4c0d104dea732504f6dc48dd1d6f31616d16",
    "paper-xlarge-v1": "ec3e00f3fdaa1557a2680bcddc5229b8e837cfef6df842767268c6fd0c14b1f2",
    "square-km-v1": "4fff7d1f135b31d46a1e274cfdc2272f4bf50248d762f4b1e730f74e3a56012b",
    "follow-me-v1": "849bf15de5d3d0513edeea6789520d6d34b3254b2fa5676a20f4eb8370333bcc",
    "harvest-v1": "771df0592ab8b95cd3f9f3b8f900791c29fc08f7f8d31124df9c02ab2bab3388",
    "rush-hour-v1": "056bff2e11b552718fc53ac0b14dce358fc174e6c7859c13d5bce7eb20b6efe5",
    "city-like-v1": "28473b62091b2c0e888a9353fb009312e36c24bb887165e247deab93dea74d2c",
    "ladder-30x2-v1": "21bd28b6ada8a9d9e978c80774902ad34fcb371d6f02505da55637b95ba7ac84",
    "ladder-1000x32-v1": "ecc7a85625032b8cfaab3a33206aebc4fbf2ba94eb579753a95f466ea3d58c78",
    "ladder-10000x100-v1": "678e7815f4df895bb3e731a0215aea090f49c4951e723d26fa4ff0ea84161efe",
}


@pytest.mark.parametrize("name", HASHES)
def test_content_is_pinned(name):
    assert mec_env.SUITES[name].content_hash() == HASHES[name]


def test_every_suite_is_pinned():
    assert set(HASHES) == set(mec_env.SUITES)


def test_training_never_meets_evaluation():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=1, episodes=1, slots=1)
    judged = next(suite.slots())
    env = MECEnv(suite.scenario.replace(world_seed=0))
    for seed in range(50):
        env.reset(seed=seed)
        # Gains are of 2^23 kinds, so single ones may coincide; a shared stream would share all.
        assert np.mean(env.slot.gain == judged.gain) < 0.01
        assert not np.intersect1d(env.slot.cycles, judged.cycles).size


def test_cuts_keep_the_first_slots():
    suite = mec_env.SUITES["paper-medium-v1"]
    cut = suite.only(worlds=1, episodes=1, slots=3)
    assert cut.size == 3
    assert cut.name != suite.name
    for a, b in zip(cut.slots(), suite.slots()):
        assert np.array_equal(a.gain, b.gain)
    assert suite.only(worlds=5) == suite


class ByDecision:
    """Decides as the greedy rule does, from the slot."""

    def decide(self, slot):
        return mec_env.RULES["best-link"]().decide(slot)


class ByObservation:
    """The same from the whole observation, answered with a decision."""

    def __init__(self, scenario):
        self.shape = (scenario.mecs, scenario.iotds)

    def act(self, observation):
        return (
            np.argmax(observation[: self.shape[0] * self.shape[1]].reshape(self.shape), axis=0) + 1
        )


class ByScores(ByObservation):
    """The same, answered with scores."""

    def act(self, observation):
        best = super().act(observation) - 1
        scores = np.zeros(self.shape, dtype=np.float32)
        scores[best, np.arange(self.shape[1])] = 1.0
        return scores.ravel()


class Locally:
    """Every server asks for everyone: the vote's tie rule makes it the best link too."""

    def __init__(self):
        self.seen = set()

    def act(self, agent, observation):
        self.seen.add((agent, observation.size))
        return np.ones(30, dtype=np.float32)


def test_four_kinds_of_policy_agree():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=5)
    local = Locally()
    policies = ByDecision(), ByObservation(suite.scenario), ByScores(suite.scenario), local
    records = [mec_env.evaluate(policy, suite) for policy in policies]
    for record in records[1:]:
        assert np.array_equal(record.objective, records[0].objective)
        assert np.array_equal(record.energy, records[0].energy)
        assert np.array_equal(record.decision, records[0].decision)
    # Two servers see their own 30 gains each and nothing else.
    assert local.seen == {("mec_0", 30), ("mec_1", 30)}


class ByDevices:
    """Every device goes where its own gain is best, knowing no more than it observes."""

    agents = "devices"

    def __init__(self):
        self.seen = set()

    def act(self, agent, observation):
        self.seen.add((agent, observation.size))
        return int(np.argmax(observation)) + 1


def test_devices_as_agents_are_judged_on_what_they_see():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=5)
    devices = ByDevices()
    record = mec_env.evaluate(devices, suite)
    wanted = mec_env.evaluate(ByDecision(), suite)
    assert np.array_equal(record.decision, wanted.decision)
    for column in ("objective", "time", "energy", "offloaded"):
        assert np.array_equal(getattr(record, column), getattr(wanted, column))
    # Thirty devices see their own two gains each and nothing else.
    assert devices.seen == {(f"iotd_{i}", 2) for i in range(30)}


def test_devices_choices_may_be_numpys_and_must_be_allowed():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=1)
    policy = ByDevices()
    choices = iter([np.int64(2), np.array(2), np.uint8(2)] * 10)
    policy.act = lambda agent, observation: next(choices)
    assert (mec_env.evaluate(policy, suite).decision == 2).all()
    policy.act = lambda agent, observation: 3
    with pytest.raises(ValueError, match=r"^actions\['iotd_0'\] = 3: .* 0 \(local\) to 2"):
        mec_env.evaluate(policy, suite)


def test_agents_are_servers_unless_a_policy_says_devices():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=1)
    policy = Locally()
    for agents in ("servers", object()):
        policy.agents = agents
        assert (mec_env.evaluate(policy, suite).offloaded == 1.0).all()
    policy.agents = "device"
    with pytest.raises(ValueError, match=r"policy\.agents = 'device': .*did you mean 'devices'"):
        mec_env.evaluate(policy, suite)


def made_up(suite, objective, bound):
    """An Evaluation of these numbers; half of every device's cost is time."""
    objective, bound = np.asarray(objective, float), np.asarray(bound, float)
    share = np.linspace(0.0, 1.0, objective.size)
    decision = np.zeros((objective.size, suite.scenario.iotds), np.uint8)
    half = objective / 2
    return mec_env.Evaluation(suite, objective, bound, bound, half, half, share, 0 * half, decision)


def test_an_evaluation_prints_one_line():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=2)
    # Gaps of 0, 10, 20 and 50 %, 20 % on the mean; the mean objective is 142.5.
    record = made_up(suite, [100.0, 110.0, 120.0, 240.0], [100.0, 100.0, 100.0, 160.0])
    assert repr(record) == (
        "Evaluation(paper-medium-v1 (part): 4 slots, mean objective 142.5, mean gap 20 %)"
    )
    assert str(record) == repr(record)


def test_a_summary_is_a_table_of_worlds():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, episodes=1, slots=2)
    record = made_up(suite, [100.0, 110.0, 120.0, 240.0], [100.0, 100.0, 100.0, 160.0])
    lines = record.summary().splitlines()
    assert lines[0] == repr(record)
    assert lines[1].split("  ")[0] == "world" and "energy [J]" in lines[1]
    rows = [line.split() for line in lines[2:]]
    # World 0: (100 + 110) / 2, (0 + 10) / 2 %, (1 + 10 / 11) / 2, half of 105 each, (0 + 1/3) / 2.
    assert rows[0] == ["0", "105", "5", "0.9545", "52.5", "52.5", "16.67"]
    # World 1: (20 + 50) / 2 %, (5 / 6 + 2 / 3) / 2.
    assert rows[1] == ["1", "180", "35", "0.75", "90", "90", "83.33"]
    assert rows[2] == ["mean", "142.5", "20", "0.8523", "71.25", "71.25", "50"]
    low, high = record.interval()[1:]
    assert [row[:2] for row in rows[3:]] == [["from", f"{low:.4g}"], ["to", f"{high:.4g}"]]
    low, high = record.interval(100.0 * record.gap)[1:]
    assert [row[2] for row in rows[3:]] == [f"{low:.4g}", f"{high:.4g}"]
    assert len({len(line) for line in lines[1:]}) == 1


def test_a_summary_of_one_world_and_one_episode_has_no_interval():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=2)
    lines = made_up(suite, [100.0, 110.0], [100.0, 100.0]).summary().splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["0", "mean"]


def test_record_matches_outcome():
    suite = mec_env.SUITES["square-km-v1"].only(worlds=2, episodes=2, slots=3)
    rule = mec_env.RULES["greedy"]()
    record = mec_env.evaluate(rule, suite)
    outcomes = [mec_env.outcome(slot, rule.decide(slot)) for slot in suite.slots()]
    assert record.objective.tolist() == [o.objective for o in outcomes]
    assert record.time.tolist() == [o.time for o in outcomes]
    # The decisions are on record, so that anybody can work the objectives out again.
    again = [mec_env.outcome(s, d) for s, d in zip(suite.slots(), record.decision)]
    assert record.objective.tolist() == [o.objective for o in again]


def test_intervals():
    suite = mec_env.SUITES["square-km-v1"].only(slots=2)
    greedy = mec_env.evaluate(mec_env.RULES["greedy"](), suite)
    local = mec_env.evaluate(mec_env.RULES["local"](), suite)
    mean, low, high = greedy.interval()
    assert low < mean < high
    # Five worlds: the interval of their mean lies within their range.
    means = greedy.objective.reshape(5, -1).mean(axis=1)
    assert means.min() <= low and high <= means.max()
    mean, low, high = greedy.minus(local)
    assert high < 0
    assert mean == pytest.approx(greedy.objective.mean() - local.objective.mean(), rel=1e-12)
    with pytest.raises(ValueError, match="same suite"):
        greedy.minus(mec_env.evaluate(mec_env.RULES["local"](), suite.only(worlds=2)))


def test_percentiles_lie_further_out_for_few_units():
    # t of 4 degrees of freedom at 97.5 % is 2.7764; times the root of 5/4 it is 3.1042,
    # beyond which lie 0.0954 % of a normal.
    assert tail(5) == pytest.approx(0.000954, rel=2e-3)
    assert tail(100_000) == pytest.approx(0.025, rel=1e-3)


def test_intervals_of_five_worlds_hold_the_truth():
    # Of a thousand cases these do in some 910, plain percentiles in 830.
    rng, suite = np.random.default_rng(5), mec_env.SUITES["paper-medium-v1"]
    held = 0
    for _ in range(1000):
        _, low, high = interval(suite, rng.normal(size=5))
        held += low <= 0.0 <= high
    assert held >= 880


def test_random_rule_is_drawn_by_episode():
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=2, slots=2)
    rule = mec_env.RULES["random"]()
    first, again = mec_env.evaluate(rule, suite), mec_env.evaluate(rule, suite)
    assert np.array_equal(first.objective, again.objective)
    assert len(set(first.objective)) == suite.size
    other = mec_env.evaluate(rule, suite, seed=1)
    assert not (first.decision == other.decision).all(axis=1).any()


def test_unknown_suite_and_policy():
    with pytest.raises(ValueError, match="did you mean 'square-km-v1'"):
        mec_env.evaluate(mec_env.RULES["local"](), "square-km")
    with pytest.raises(ValueError, match="decide"):
        mec_env.evaluate(object(), "square-km-v1")


def test_suites_are_values():
    suite = mec_env.SUITES["paper-medium-v1"]
    assert suite == Suite(
        suite.name, suite.scenario, suite.world_seeds, suite.episode_seeds, suite.frozen
    )
    assert suite.world(3).world_seeds == (3,)


def test_a_part_of_a_suite_says_so():
    suite = mec_env.SUITES["paper-medium-v1"]
    assert suite.world(2).name == "paper-medium-v1 (part)" and suite.world(2).world_seeds == (2,)
    assert suite.only(worlds=1).name == "paper-medium-v1 (part)"
    assert suite.only(worlds=2).world(1).name == "paper-medium-v1 (part)"
    assert suite.only().name == suite.name


def test_a_hash_is_of_world_episode_and_slot():
    scenario = mec_env.Scenario(mecs=2, iotds=4, slots=2)
    hashes = {
        Suite("own", scenario, worlds, episodes).content_hash()
        for worlds in ((0,), (1,), (0, 1))
        for episodes in ((0,), (1,), (0, 1))
    }
    assert len(hashes) == 9
    # What is hashed is what is played.
    suite = Suite("own", scenario, (0, 1), (0, 1))
    drawn = [slot.gain for slot in suite._drawn()]
    np.testing.assert_array_equal(drawn, [slot.gain for slot in suite.slots()])


def test_a_suite_of_ones_own_is_of_slots_and_ships_nothing():
    suite = Suite("own", OWN.scenario, (0, 3), (0, 1, 2))
    assert (suite.frozen, suite.unit, suite.slots_per_unit) == ("", "slot", 1)
    assert suite.reference() is None
    values = np.arange(24.0)
    assert suite.per_unit(values) is values
    episodes = Suite("own", OWN.scenario, (0, 3), (0, 1, 2), unit="episode")
    assert episodes.slots_per_unit == 4
    # 0 + 1 + 2 + 3, then 16 more each.
    assert episodes.per_unit(values).tolist() == [6.0, 22.0, 38.0, 54.0, 70.0, 86.0]


def test_cuts_by_hand():
    cut = OWN.only(worlds=1, episodes=2, slots=3)
    assert (cut.name, cut.world_seeds, cut.episode_seeds) == ("own (part)", (0,), (0, 1))
    assert cut.scenario == OWN.scenario.replace(slots=3) and cut.size == 6
    # More than there is, and nothing said, is all of it.
    assert OWN.only(worlds=9, episodes=9, slots=9) == OWN == OWN.only()
    assert OWN.only(slots=2).world_seeds == (0, 3)
    one = OWN.world(1)
    assert (one.name, one.world_seeds, one.episode_seeds) == ("own (part)", (3,), (0, 1, 2))


def test_the_worlds_of_a_suite_are_scenarios_of_their_seeds():
    worlds = list(OWN.worlds())
    assert worlds == [
        (0, OWN.scenario.replace(world_seed=0)),
        (3, OWN.scenario.replace(world_seed=3)),
    ]


def test_a_parts_reference_is_its_part_of_the_shipped_one():
    suite = SUITES["paper-xlarge-v1"]
    lower, best = (a.reshape(5, 2, 50) for a in suite.reference())
    part = suite.world(3).only(slots=7)
    for whole, found in zip((lower, best), part.reference(), strict=True):
        assert found.tolist() == whole[3, :, :7].ravel().tolist()
    assert (lower <= best).all() and (lower < best).any()
    first = suite.only(worlds=2, episodes=1).reference()[0]
    assert first.tolist() == lower[:2, 0].ravel().tolist()


def test_the_frozen_suites_by_hand():
    rows = {
        s.name: (
            s.scenario.name, s.scenario.mecs, s.scenario.iotds, s.scenario.slots,
            s.world_seeds, s.episode_seeds, s.frozen, s.unit,
        )
        for s in SUITES.values()
    }  # fmt: skip
    five, four, two, one = (0, 1, 2, 3, 4), (0, 1, 2, 3), (0, 1), (0,)
    coupled = ("follow-me", "harvest", "rush-hour")
    expected = {
        "paper-medium": ("paper-medium", 2, 30, 100, five, two),
        "paper-large": ("paper-large", 8, 180, 100, five, two),
        "paper-xlarge": ("paper-xlarge", 10, 200, 50, five, two),
        "square-km": ("square-km", 8, 180, 100, five, two),
        "follow-me": ("follow-me", 8, 180, 100, five, four),
        "harvest": ("harvest", 8, 180, 96, five, four),
        "rush-hour": ("rush-hour", 8, 180, 100, five, four),
        "city-like": ("city-like", 125, 800, 20, five, one),
        "ladder-30x2": ("ladder-30x2", 2, 30, 40, five, one),
        "ladder-1000x32": ("ladder-1000x32", 32, 1000, 10, two, one),
        "ladder-10000x100": ("ladder-10000x100", 100, 10000, 4, one, one),
    }
    wanted = {
        f"{k}-v1": (*row, f"{k}-v1", "episode" if k in coupled else "slot")
        for k, row in expected.items()
    }
    assert rows == wanted and list(SUITES) == list(wanted)
    city = SUITES["city-like-v1"].scenario
    assert (city.area, city.clusters) == ((2000.0, 2000.0), 20)
    with pytest.raises(TypeError):
        SUITES["mine"] = OWN


def test_a_suite_is_found_by_name_or_is_itself():
    assert resolve_suite(OWN) is OWN
    assert resolve_suite("square-km-v1") is SUITES["square-km-v1"]
    with pytest.raises(
        ValueError, match=r"^suite = 'square-kn-v1': .* did you mean 'square-km-v1'"
    ):
        resolve_suite("square-kn-v1")

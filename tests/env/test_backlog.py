"""Tasks that come and go and wait at servers: queues by hand, and what arrives is accounted for."""

import numpy as np
import pytest

import mec_env
from mec_env import MECEnv

QUEUE = dict(
    iotds=5, mecs=2, area=100.0, cycles=1e9, local_speed=5e8, server_speed=(4e9, 2e9),
    data_bits=1e5, arrivals="wave", arrival_low=1.0, arrival_high=1.0, wave_noise=0.0,
    slot_seconds=1.0, clusters=1, slots=6,
)  # fmt: skip


def test_a_queue_by_hand():
    env = MECEnv(mec_env.Scenario(**QUEUE))
    env.reset(seed=0)
    facts = env.slot.coupled.facts
    assert facts["served"].tolist() == [4, 2] and facts["turn_seconds"].tolist() == [0.25, 0.5]
    sending = mec_env.outcome(env.slot, [2] * 5)
    slot = env.slot
    _, _, _, _, info = env.step([2] * 5)
    # Five join an empty queue of turns of half a second: 0.5 (1 + 2 + 3 + 4 + 5) s; two end.
    links = slot.sending_cost[:, 1].sum()
    assert info["objective"] == pytest.approx(links + 7.5, rel=1e-9)
    assert info["objective"] == pytest.approx(sending.objective, rel=1e-12)
    assert info["waiting"] == 3.0
    slot = env.slot
    assert slot.coupled.facts["waiting"].tolist() == [0.0, 3.0]
    _, _, _, _, info = env.step([2, 2, 0, 0, 1])
    # Two join behind three: 0.5 (2 * 3 + 1 + 2); one alone on server 1: 0.25.
    by_hand = slot.sending_cost[[0, 1], 1].sum() + slot.sending_cost[4, 0] + 4.5 + 0.25
    by_hand += slot.local_cost[[2, 3]].sum()
    assert info["objective"] == pytest.approx(by_hand, rel=1e-9)
    assert info["waiting"] == 3.0


def test_who_has_no_task_decides_nothing():
    env = MECEnv(mec_env.Scenario(**{**QUEUE, "arrival_low": 0.0, "arrival_high": 0.0}))
    env.reset(seed=0)
    assert not env.slot.coupled.facts["present"].any()
    assert np.isinf(env.slot.link_cost).all() and (env.slot.local_cost == 0.0).all()
    assert env.step([1] * 5)[4]["waiting"] == 0.0


@pytest.mark.parametrize("name", ["rush-hour", "rush-hour-bursts"])
def test_what_arrives_is_done_dropped_or_waits(name):
    env = MECEnv(name, iotds=60, mecs=3)
    env.reset(seed=0)
    rng, waiting = np.random.default_rng(0), np.zeros(3)
    for _ in range(env.scenario.slots):
        facts, decision = env.slot.coupled.facts, rng.integers(0, 4, 60)
        assert np.array_equal(facts["waiting"], waiting)
        joined = np.bincount(decision[facts["present"]], minlength=4)[1:]
        done = np.minimum(waiting + joined, facts["served"])
        _, _, _, _, info = env.step(decision)
        assert info["dropped"] == 0.0
        assert info["offloaded"] == pytest.approx(joined.sum() / 60)
        waiting = waiting + joined - done
        assert info["waiting"] == waiting.sum()


def rates(**fields):
    scenario = mec_env.SCENARIOS["rush-hour"].replace(mecs=2, **fields)
    return mec_env.record(scenario, 0).drawn["present"]


def test_a_wave_has_its_mean_rate():
    present = rates(iotds=300, slots=2000, clusters=10, wave_noise=0.0)
    # 0.05 and on top the positive half of a sine to 0.8: 0.05 + 0.75 / pi.
    assert present.mean() == pytest.approx(0.05 + 0.75 / np.pi, rel=0.05)


def test_bursts_are_on_a_third_of_the_time():
    present = rates(iotds=200, slots=4000, clusters=20, arrivals="bursts")
    assert present.mean() == pytest.approx((0.8 * 10 + 0.05 * 20) / 30, rel=0.1)


def test_requests_of_a_file_become_tasks(tmp_path):
    file = tmp_path / "requests.csv"
    times = [0.01, 0.02, 0.03, 0.04] * 25 + [1.5] * 10 + [2.9]
    file.write_text("time\n" + "".join(f"{t}\n" for t in times))
    scenario = mec_env.Scenario(
        **{
            **QUEUE, "iotds": 1000, "arrivals": "file", "arrivals_file": str(file), "slots": 3,
            "server_speed": 4e9,
        }
    )  # fmt: skip
    present = np.mean(
        [mec_env.record(scenario, k).drawn["present"].sum(axis=1) for k in range(20)], axis=0
    )
    assert present == pytest.approx([100.0, 10.0, 1.0], rel=0.35)
    with pytest.raises(ValueError, match="must cover"):
        MECEnv(scenario.replace(slots=50))

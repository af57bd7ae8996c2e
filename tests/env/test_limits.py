"""Absurd numbers: refused in one sentence, or harmless."""

import itertools
import math
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mec_env import Range, Scenario, Slot, certify, outcome
from mec_env.gym_env import MECEnv
from mec_env.laws.channels import LAWS
from mec_env.laws.rewards import REWARDS
from mec_env.limits import LIMITS, MOST_UNEQUAL_SERVERS
from mec_env.physics.link import SMALLEST_GAIN, link, link_table
from tests.env.test_link import exact
from tests.helpers import fields_of, make_slot

ABSURD = [1e308, 1e-320, 5e-324, sys.float_info.max, 1e200, 1e-200]
SCENARIO_FIELDS = sorted(set(LIMITS) - {"distance"})
SLOT_ARRAYS = ["distance", "data_bits", "cycles", "local_speed", "server_speed"]
SLOT_NUMBERS = "bandwidth noise max_power kappa exponent weight_time weight_energy".split()
PER_DEVICE = ["data_bits", "cycles", "local_speed"]
# Harmless however small: a share of a metre, no decibel, a power of nearly 1.
ANY_SMALL = {"path_loss_exponent", "shadowing", "exponent", "distance"}


def slot_with(field, value):
    return make_slot([[1e-6]], **{field: [[value]] if field == "distance" else [value]})


@pytest.mark.parametrize("field", SCENARIO_FIELDS)
@pytest.mark.parametrize("value", ABSURD)
def test_a_scenarios_absurd_number_is_refused_by_name(field, value):
    if field in ANY_SMALL and value < 1.0:
        assert getattr(Scenario(**{field: value}), field) == value
        return
    with pytest.raises(ValueError, match=rf"^{field} = {re.escape(repr(value))}: must be a finite"):
        Scenario(**{field: value})
    if field in PER_DEVICE + ["server_speed"]:
        with pytest.raises(ValueError, match=rf"^{field}\.high|^{field}\.low"):
            Scenario(**{field: Range(min(1e9, value), max(1e9, value))})
        with pytest.raises(ValueError, match=rf"^{field}\[1\] = "):
            Scenario(mecs=2, iotds=2, **{field: [1e9, value]})


@pytest.mark.parametrize("field", SLOT_NUMBERS)
@pytest.mark.parametrize("value", ABSURD)
def test_a_slots_absurd_number_is_refused_by_name(field, value):
    if field in ANY_SMALL and value < 1.0:
        assert getattr(make_slot([[1e-6]], **{field: value}), field) == value
        return
    with pytest.raises(ValueError, match=rf"^{field} = {re.escape(repr(value))}: must be a finite"):
        make_slot([[1e-6]], **{field: value})


@pytest.mark.parametrize("field", SLOT_ARRAYS)
@pytest.mark.parametrize("value", ABSURD)
def test_a_slots_absurd_array_is_refused_by_name(field, value):
    if field in ANY_SMALL and value < 1.0:
        assert getattr(slot_with(field, value), field).item() == value
        return
    with pytest.raises(
        ValueError, match=rf"^{field}: holds {re.escape(f'{value:g}')}, all must be finite and "
    ):
        slot_with(field, value)


@pytest.mark.parametrize("field", ["gain", *SLOT_ARRAYS])
@pytest.mark.parametrize("value", ["far", None, [["x"]], 1j, 10**400])
def test_what_is_no_array_of_numbers_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        Slot(**fields_of(make_slot([[1e-6]])) | {field: [[value]]})


def test_the_ends_of_every_limit_are_taken():
    for field in SCENARIO_FIELDS:
        for value in (LIMITS[field].low, LIMITS[field].high):
            # Slow devices, whose own power stays below any max_power.
            fields = {"kappa": 0.0, "exponent": 1.0, field: value}
            if field == "exponent":
                fields["local_speed"] = 1.0
            if field == "kappa" and value > 1.0:
                fields.update(local_speed=1e-3, max_power=1e9)
            kept = getattr(Scenario(**fields), field)
            assert kept == ((value, value) if field == "area" else value)


def test_servers_more_unequal_than_digits_are_refused():
    words = r"^server_speed: from 0.1 to 2e\+11 cycles/s, .* at most 1e\+12 times the slowest"
    with pytest.raises(ValueError, match=words):
        Scenario(mecs=2, server_speed=[0.1, 2e11])
    with pytest.raises(ValueError, match=words):
        Scenario(server_speed=Range(0.1, 2e11))
    with pytest.raises(ValueError, match=words):
        make_slot([[1e-6, 1e-6]], server_speed=[0.1, 2e11])
    assert make_slot([[1e-6, 1e-6]], server_speed=[0.1, 1e11]).congestion.tolist() == [10.0, 1e-11]


def test_a_slots_own_cpus_have_a_limit_too():
    # 1e-27 * (1e13)^3 = 1e12 W.
    with pytest.raises(ValueError, match=r"^local_speed = 1e\+13: .* 1e\+12 W must not exceed"):
        make_slot([[1e-6]], local_speed=[1e13])
    with pytest.raises(ValueError, match=r"^local_speed = 1e\+09: .* inf W must not exceed"):
        make_slot([[1e-6]], exponent=400.0)


CORNERS = list(
    itertools.product(
        *((LIMITS[f].low, LIMITS[f].high) for f in ("noise", "max_power", "weight_time")),
        (0.0, LIMITS["weight_energy"].low, LIMITS["weight_energy"].high),
    )
)


@pytest.mark.parametrize("task", CORNERS, ids=str)
def test_links_are_right_at_the_corners_of_the_limits(task):
    table = link_table(*task)
    for gain in np.float32(10.0) ** np.linspace(-37.9, 38.5, 24, dtype=np.float32):
        found = link(table, gain)
        # Lambert's W close to -1 / e loses half the digits.
        right = exact(table, *task[2:], gain, digits=200)[:2]
        for a, b in zip(found, right):
            assert abs(float(a / b - 1)) < 1e-10


# --- any numbers ------------------------------------------------------------------


@st.composite
def within(draw, field, count=None):
    """A number that the field may have, its ends often; or ``count`` of them."""
    limits = LIMITS[field]
    low = limits.low or 1e-12
    a, b = math.log10(low), math.log10(limits.high)
    one = st.one_of(
        st.sampled_from([low, limits.high, *([0.0] if limits.zero else [])]),
        st.floats(a, b).map(lambda x: min(max(10.0**x, low), limits.high)),
    )
    return draw(one if count is None else st.lists(one, min_size=count, max_size=count))


@st.composite
def tasks(draw, devices, servers):
    """What a Scenario and a Slot have in common, all within limits but perhaps one."""
    fields = {name: draw(within(name)) for name in SLOT_NUMBERS if name != "exponent"}
    fields["exponent"] = draw(st.sampled_from([0.0, 1.0, 3.0, 1000.0]))
    if draw(st.booleans()):
        # Else a CPU's power is mostly beyond all limits.
        fields.update(kappa=draw(st.sampled_from([0.0, 1e-100])), exponent=1.0)
    for name in PER_DEVICE:
        fields[name] = draw(within(name, devices))
    speed = np.array(draw(within("server_speed", servers)))
    fields["server_speed"] = np.clip(speed, speed[0], speed[0] * MOST_UNEQUAL_SERVERS).tolist()
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(fields)))
        wild = draw(st.floats())
        fields[name] = [wild] * len(fields[name]) if isinstance(fields[name], list) else wild
    return fields


def refused(error, names):
    """Whether an error is one sentence that names a field."""
    text = str(error)
    return "\n" not in text and any(text.startswith(name) for name in names)


def check_slot(slot, decisions):
    """Finite, positive costs, and a bound that no decision is below."""
    assert np.isfinite(slot.link_cost).all() and (slot.link_cost > 0).all()
    assert np.isfinite(slot.local_cost).all() and (slot.local_cost > 0).all()
    certificate = certify(slot)
    assert 0.0 <= certificate.lower_bound <= certificate.objective < math.inf
    for decision in [*decisions, certificate.decision]:
        objective = outcome(slot, decision).objective
        # Four devices at most: a million stay within 1e100.
        assert 1e-30 < objective < 1e94
        assert certificate.lower_bound <= objective * (1 + 1e-9)


HUNTING = dict(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@settings(max_examples=300, **HUNTING)
@given(st.data())
def test_any_slot_is_refused_or_sound(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    fields = data.draw(tasks(n, m))
    gains = st.floats(SMALLEST_GAIN, 2.0**127, width=32) | st.sampled_from(
        [SMALLEST_GAIN, 3e38, 1e-9]
    )
    fields["gain"] = data.draw(
        st.lists(st.lists(gains, min_size=m, max_size=m), min_size=n, max_size=n)
    )
    fields["distance"] = np.full((n, m), data.draw(within("distance")))
    decision = data.draw(st.lists(st.integers(0, m), min_size=n, max_size=n))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            slot = Slot(**fields)
        except ValueError as error:
            assert refused(error, fields)
            return
        check_slot(slot, [decision, np.zeros(n, int), np.ones(n, int)])


@settings(max_examples=300, **HUNTING)
@given(st.data())
def test_any_scenario_is_refused_or_sound(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    fields = data.draw(tasks(n, m))
    for name in PER_DEVICE:
        if data.draw(st.booleans()):
            fields[name] = Range(min(fields[name]), max(fields[name]))
    for name in ("area", "cluster_spread", "reference_gain"):
        fields[name] = data.draw(within(name))
    fields["area"] = data.draw(st.sampled_from([fields["area"], 50.0, (1e-3, 1e9)]))
    fields["path_loss_exponent"] = data.draw(st.sampled_from([0.0, 1e-320, 2.0, 5.0, 1e3]))
    fields["shadowing"] = data.draw(st.sampled_from([0.0, 1e-320, 8.0, 50.0, 1e5]))
    fields["channel"] = data.draw(st.sampled_from(sorted(LAWS)))
    fields["reward"] = data.draw(st.sampled_from(sorted(REWARDS)))
    fields["device_layout"] = data.draw(
        st.sampled_from(["uniform", "gaussian", "levy", "clusters"])
    )
    fields["server_layout"] = data.draw(st.sampled_from(["kmeans", "random"]))
    decision = data.draw(st.lists(st.integers(0, m), min_size=n, max_size=n))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            env = MECEnv(Scenario(mecs=m, iotds=n, slots=3, **fields))
        except ValueError as error:
            assert refused(error, fields)
            return
        observation, _ = env.reset(seed=data.draw(st.integers(0, 99)))
        assert env.observation_space.contains(observation)
        check_slot(env.slot, [decision])
        for action in ([0] * n, decision, [m] * n):
            observation, reward, _, _, info = env.step(action)
            assert math.isfinite(reward) and 1e-30 < info["objective"] < 1e94
            assert reward > 0.0 or fields["reward"] != "reciprocal"
            assert env.observation_space.contains(observation)


def test_a_scenario_and_its_limits_need_no_numba():
    code = "import sys, mec_env; mec_env.Scenario(); sys.exit('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert done.returncode == 0


def test_the_docs_table_is_the_limits():
    text = (Path(__file__).parents[2] / "docs" / "model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\S+) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)
    stated = {name: (float(a), float(b), unit.strip(), zero) for name, a, b, unit, zero in rows}
    assert stated == {
        name: (x.low, x.high, x.unit, "yes" if x.zero else "no") for name, x in LIMITS.items()
    }

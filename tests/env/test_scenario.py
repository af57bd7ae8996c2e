"""A task as data: every field's border, TOML in and out, the named scenarios."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mec_env import SCENARIOS, Range, Scenario, resolve
from mec_env.laws.channels import LAWS
from mec_env.laws.rewards import REWARDS
from mec_env.limits import LIMITS

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("field", ["mecs", "iotds", "slots", "clusters"])
@pytest.mark.parametrize("value", [0, -1, 1.0, "3", None, True, NAN, [1]])
def test_counts_are_positive_integers(field, value):
    with pytest.raises(ValueError, match=rf"^{field} = .*: must be an integer"):
        Scenario(**{field: value})


@pytest.mark.parametrize(
    "field, most",
    [("mecs", 10_000), ("iotds", 1_000_000), ("slots", 2**31 - 1), ("world_seed", 2**64 - 1)],
)
def test_counts_have_a_limit(field, most):
    assert getattr(Scenario(**{field: most}), field) == most
    with pytest.raises(ValueError, match=rf"^{field} = {most + 1}: must be an integer from \d+ to"):
        Scenario(**{field: most + 1})


def test_numpy_integers_and_numbers_are_taken():
    scenario = Scenario(mecs=np.int32(3), noise=np.float32(0.5), world_seed=0)
    assert type(scenario.mecs) is int and type(scenario.noise) is float


POSITIVE = "cluster_spread reference_gain bandwidth noise max_power weight_time".split()
NOT_NEGATIVE = "path_loss_exponent shadowing kappa exponent weight_energy".split()
SPREAD = "data_bits cycles local_speed server_speed".split()


@pytest.mark.parametrize("field", [*POSITIVE, *NOT_NEGATIVE, *SPREAD, "area"])
@pytest.mark.parametrize("value", [-1.0, NAN, INF, -INF, "1", None, True, 10**400, 1j, {1}])
def test_numbers_are_finite_and_of_the_right_sign(field, value):
    with pytest.raises(ValueError, match=rf"^{field} = .*: must be a finite number"):
        Scenario(**{field: value})


@pytest.mark.parametrize("field", [*POSITIVE, *SPREAD, "area"])
def test_zero_is_refused_where_it_has_no_meaning(field):
    with pytest.raises(ValueError, match=rf"^{field} = 0: must be a finite number above 0"):
        Scenario(**{field: 0})


@pytest.mark.parametrize("field", NOT_NEGATIVE)
def test_zero_is_taken_where_it_has(field):
    assert getattr(Scenario(**{field: 0}), field) == 0.0


@pytest.mark.parametrize(
    "field, value, hint",
    [
        ("device_layout", "unifrom", "'uniform'"),
        ("server_layout", "k-means", "'kmeans'"),
        ("channel", "raleigh", "'rayleigh'"),
        ("reward", "savings", "'saving'"),
        ("tasks", "slots", "'slot'"),
    ],
)
def test_unknown_words_get_the_nearest_right_one(field, value, hint):
    with pytest.raises(ValueError, match=rf"^{field} = '{value}': .*did you mean {hint}\?"):
        Scenario(**{field: value})
    with pytest.raises(ValueError, match=rf"^{field} = 7: must be one of"):
        Scenario(**{field: 7})


@pytest.mark.parametrize("value", ["", 5, None])
def test_a_name_is_a_text(value):
    with pytest.raises(ValueError, match=r"^name = .*: must be a text"):
        Scenario(name=value)


@pytest.mark.parametrize("value", [0, 1, "yes", None])
def test_layout_per_episode_is_a_bool(value):
    with pytest.raises(ValueError, match=r"^layout_per_episode = .*: must be True or False"):
        Scenario(layout_per_episode=value)


@pytest.mark.parametrize("value", [(1.0,), (1.0, 2.0, 3.0), []])
def test_an_area_has_two_sides(value):
    with pytest.raises(ValueError, match=r"^area = .*: must be a side or a pair"):
        Scenario(area=value)
    with pytest.raises(ValueError, match=r"^area = -2: must be"):
        Scenario(area=(1.0, -2))


@pytest.mark.parametrize("field", SPREAD)
def test_ranges(field):
    ok = Scenario(**{field: Range(1e8, 5e8)})
    assert getattr(ok, field) == Range(1e8, 5e8)
    assert getattr(Scenario(**{field: {"low": 1e8, "high": 5e8}}), field) == Range(1e8, 5e8)
    for value, words in (
        (Range(5.0, 1.0), r" = Range\(low=5.0, high=1.0\): low must not exceed high"),
        (Range(0.0, 1.0), r"\.low = 0.0: must be a finite number above 0"),
        (Range(1.0, NAN), r"\.high = nan: must be"),
        ({"low": 1.0}, r" = .*: a range has just the keys low and high"),
        ({"low": 1.0, "high": 2.0, "mean": 3.0}, r" = .*: a range has just the keys"),
    ):
        with pytest.raises(ValueError, match=f"^{field}{words}"):
            Scenario(**{field: value})


@pytest.mark.parametrize("field", SPREAD)
def test_values_one_each(field):
    values = [1e8, 2e8, 3e8]
    for given_ in (values, tuple(values), np.array(values)):
        assert getattr(Scenario(mecs=3, iotds=3, **{field: given_}), field) == tuple(values)
    with pytest.raises(ValueError, match=rf"^{field}: 2 values; must be one number, Range.* or 3"):
        Scenario(mecs=3, iotds=3, **{field: [1e8, 2e8]})
    with pytest.raises(ValueError, match=rf"^{field}\[1\] = nan: must be"):
        Scenario(mecs=3, iotds=3, **{field: [1e8, NAN, 2e8]})


@pytest.mark.parametrize("who, count", [("device", "iotds"), ("server", "mecs")])
def test_positions(who, count):
    layout, field = f"{who}_layout", f"{who}_positions"

    def build(value):
        return Scenario(**{count: 2, layout: "given", field: value})

    places = ((0.0, 50.0), (1.5, 2.0))
    for value in (places, [list(p) for p in places], np.array(places)):
        assert getattr(build(value), field) == places
    for value, words in (
        (None, f"{field}: None; {layout} 'given' needs 2 pairs"),
        (5, f"{field}: 5; {layout} 'given' needs 2 pairs"),
        (((1.0, 2.0),), f"{field}: 1 positions; {layout} 'given' needs 2 pairs"),
        ((1.0, 2.0), rf"{field}\[0\] = 1.0: must be a pair"),
        (((1.0, 2.0), (1.0,)), rf"{field}\[1\] = \(1.0,\): must be a pair"),
        (((1.0, 2.0), (1.0, NAN)), rf"{field}\[1\] = nan"),
        (((1.0, 2.0), (1.0, -3.0)), rf"{field}\[1\] = -3.0"),
        (((1.0, 2.0), (51.0, 3.0)), rf"{field}\[1\] = \(51, 3\): must lie in the area of 50 m x"),
    ):
        with pytest.raises(ValueError, match=f"^{words}"):
            build(value)
    with pytest.raises(ValueError, match=f"^{field}: given, so {layout} must be 'given'"):
        Scenario(**{count: 2, field: places})


def test_local_power_must_not_exceed_the_cap():
    # 1e-27 * (1.2e9)^3 = 1.728 W above 1.5 W; 1.1e9 takes 1.331 W.
    Scenario(local_speed=1.1e9)
    for value in (1.2e9, Range(0.5e9, 1.2e9), [1e9, 1.2e9]):
        with pytest.raises(ValueError, match=r"^local_speed = 1.2e\+09: .*1.728 W must not exceed"):
            Scenario(iotds=2, local_speed=value)
    with pytest.raises(ValueError, match=r"^local_speed = .* inf W must not exceed max_power"):
        Scenario(exponent=400)


def test_a_scenario_is_frozen_and_compares_by_value():
    with pytest.raises(AttributeError):
        Scenario().mecs = 3
    assert Scenario(area=50) == Scenario(area=[50, 50.0])
    assert hash(Scenario()) == hash(Scenario())
    assert Scenario().replace(mecs=4).mecs == 4 and Scenario().mecs == 8


def test_every_field_has_its_default():
    # The paper's numbers have a test below; these are the model's.
    s = Scenario()
    assert (s.name, s.device_layout, s.server_layout) == ("paper-large", "uniform", "kmeans")
    assert (s.device_positions, s.server_positions) == (None, None)
    assert (s.clusters, s.cluster_spread) == (6, 1 / 15)
    assert (s.channel, s.reference_gain, s.path_loss_exponent) == ("rayleigh", 1e-3, 2.0)
    assert (s.shadowing, s.tasks, s.world_seed) == (0.0, "slot", 0)
    assert s.layout_per_episode is False


def test_integers_and_numbers_of_any_kind_are_kept_as_pythons_own():
    for field in ("mecs", "iotds", "slots", "clusters", "world_seed"):
        kept = getattr(Scenario(**{field: np.int32(1)}), field)
        assert kept == 1 and type(kept) is int
    for field in set(POSITIVE + NOT_NEGATIVE + SPREAD) - {"kappa"}:
        kept = getattr(
            Scenario(**{"kappa": 1e-100, "exponent": 1.0, field: np.float32(0.25)}), field
        )
        assert kept == 0.25 and type(kept) is float
    area = Scenario(area=np.array([3, 4])).area
    assert area == (3.0, 4.0) and {type(side) for side in area} == {float}


def test_the_smallest_and_largest_counts_are_taken():
    small = Scenario(mecs=1, iotds=1, slots=1, clusters=1, world_seed=0)
    assert (small.mecs, small.iotds, small.slots, small.clusters) == (1, 1, 1, 1)
    assert Scenario(clusters=1_000_000).clusters == 1_000_000
    with pytest.raises(ValueError, match=r"^clusters = 1000001: must be an integer from 1 to"):
        Scenario(clusters=1_000_001)
    with pytest.raises(ValueError, match=r"^world_seed = -1: must be an integer from 0 to"):
        Scenario(world_seed=-1)


def test_a_range_may_be_one_number_wide():
    assert Scenario(cycles=Range(1e9, 1e9)).cycles == Range(1e9, 1e9)


def test_positions_may_lie_on_every_side_of_the_area():
    corners = ((0.0, 0.0), (30.0, 0.0), (0.0, 20.0), (30.0, 20.0))
    given_ = dict(area=(30, 20), device_layout="given", iotds=4)
    assert Scenario(device_positions=corners, **given_).device_positions == corners
    for place in ((30.5, 20.0), (30.0, 20.5)):
        places = (*corners[:3], place)
        with pytest.raises(ValueError, match=r"^device_positions\[3\] = .* area of 30 m x 20 m$"):
            Scenario(device_positions=places, **given_)


def test_a_position_is_a_number_of_metres():
    with pytest.raises(ValueError, match=r"^server_positions\[0\] = 'x': .* of 0 or more \[m\]$"):
        Scenario(mecs=1, server_layout="given", server_positions=(("x", 1.0),))


def test_positions_of_the_wrong_size_are_refused_whatever_their_layout():
    with pytest.raises(ValueError, match=r"\[0\] = \(1.0, 2.0, 3.0\): must be a pair"):
        Scenario(mecs=1, server_layout="given", server_positions=((1.0, 2.0, 3.0),))
    with pytest.raises(ValueError, match=r"^server_positions: 3 positions; .* needs 2 pairs"):
        Scenario(mecs=2, server_layout="given", server_positions=((1.0, 2.0),) * 3)


@pytest.mark.parametrize("fastest, refused", [(1e10, False), (1.01e10, True)])
def test_the_fastest_server_is_at_most_a_million_million_times_the_slowest(fastest, refused):
    for speeds in (Range(1e-2, fastest), [1e-2, fastest], [fastest, 1e-2]):
        if not refused:
            Scenario(mecs=2, server_speed=speeds)
            continue
        with pytest.raises(ValueError, match=r"^server_speed: from 0.01 to 1.01e\+10 cycles/s"):
            Scenario(mecs=2, server_speed=speeds)


def test_the_power_cap_is_named_with_its_equation():
    with pytest.raises(ValueError, match=r"must not exceed max_power = 1.5 W, equation \(7\)$"):
        Scenario(local_speed=1.2e9)


def test_toml_of_every_kind_of_value_by_hand():
    scenario = Scenario(
        name='a "b" é \x7f', mecs=1, iotds=2, cycles=Range(1e9, 2e9), data_bits=[1.0, 2.5],
        layout_per_episode=True,
    )  # fmt: skip
    lines = scenario.to_toml().splitlines()
    assert lines[:3] == ['name = "a \\"b\\" é \\u007f"', "mecs = 1", "iotds = 2"]
    assert "area = [50.0, 50.0]" in lines
    assert "cycles = {low = 1000000000.0, high = 2000000000.0}" in lines
    assert "data_bits = [1.0, 2.5]" in lines
    assert lines[-1] == "layout_per_episode = true"
    # A field that is None is left out, and the text ends with its last line.
    assert not any("positions" in line for line in lines)
    assert scenario.to_toml() == "\n".join(lines) + "\n"


def test_a_scenarios_file_is_utf_8(tmp_path):
    path = tmp_path / "task.toml"
    Scenario(name="é").save(path)
    assert 'name = "é"'.encode() in path.read_bytes()
    assert Scenario.load(path).name == "é"


def test_unknown_fields_are_called_so():
    for build in (lambda: Scenario().replace(iotd=3), lambda: Scenario.from_toml("iotd = 3")):
        with pytest.raises(ValueError, match=r"^scenario field = 'iotd': "):
            build()


def test_unknown_fields_get_the_nearest_right_name():
    for build in (
        lambda: Scenario().replace(iotd=3),
        lambda: resolve(None, iotd=3),
        lambda: resolve({"iotd": 3}),
        lambda: Scenario.from_toml("iotd = 3"),
    ):
        with pytest.raises(ValueError, match=r"'iotd': must be one of .*did you mean 'iotds'\?"):
            build()


# --- TOML -------------------------------------------------------------------------


def numbers(field):
    return st.floats(LIMITS[field].low, LIMITS[field].high)


def spreads(low, high, count):
    number = st.floats(low, high)
    pair = st.tuples(number, number).map(sorted)
    return st.one_of(
        number, pair.map(lambda p: Range(*p)), st.lists(number, min_size=count, max_size=count)
    )


@st.composite
def scenarios(draw):
    mecs, iotds = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    fields = dict(
        name=draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
        mecs=mecs,
        iotds=iotds,
        area=draw(st.tuples(st.floats(1, 1e6), st.floats(1, 1e6))),
        channel=draw(st.sampled_from(sorted(LAWS))),
        noise=draw(numbers("noise")),
        bandwidth=draw(numbers("bandwidth")),
        weight_energy=draw(st.one_of(st.just(0.0), numbers("weight_energy"))),
        data_bits=draw(spreads(1e-3, 1e12, iotds)),
        cycles=draw(spreads(1e-3, 1e12, iotds)),
        local_speed=draw(spreads(1e-3, 1.1e9, iotds)),
        server_speed=draw(spreads(1.0, 1e12, mecs)),
        reward=draw(st.sampled_from(sorted(REWARDS))),
        tasks=draw(st.sampled_from(["slot", "world"])),
        world_seed=draw(st.integers(0, 2**63 - 1)),
        slots=draw(st.integers(1, 2**31 - 1)),
        layout_per_episode=draw(st.booleans()),
    )
    if draw(st.booleans()):
        point = st.tuples(st.floats(0, 1), st.floats(0, 1))
        fields["device_layout"] = "given"
        fields["device_positions"] = draw(st.lists(point, min_size=iotds, max_size=iotds))
    return Scenario(**fields)


@settings(max_examples=200, deadline=None)
@given(scenarios())
def test_toml_round_trip(scenario):
    assert Scenario.from_toml(scenario.to_toml()) == scenario


@pytest.mark.parametrize("name", SCENARIOS)
def test_named_scenarios_survive_a_file(name, tmp_path):
    path = tmp_path / "task.toml"
    SCENARIOS[name].save(path)
    assert Scenario.load(path) == SCENARIOS[name] == resolve(path) == resolve(str(path))


def test_toml_by_hand():
    scenario = Scenario.from_toml("mecs = 2\narea = 100\ncycles = {low = 1e9, high = 2e9}\n")
    assert scenario == Scenario(mecs=2, area=100.0, cycles=Range(1e9, 2e9))
    with pytest.raises(ValueError, match=r"^scenario: not valid TOML"):
        Scenario.from_toml("mecs = = 2")


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "task.toml"
    Scenario().save(path)
    before = path.read_text()
    with pytest.raises(UnicodeEncodeError):
        Scenario(name="\ud800").save(path)

    def refuse(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        Scenario(mecs=2).save(path)
    assert path.read_text() == before


# --- names ------------------------------------------------------------------------


def test_resolve():
    assert resolve() == SCENARIOS["paper-large"] == Scenario()
    assert resolve("square-km", world_seed=3).world_seed == 3
    assert resolve(Scenario(mecs=2), iotds=5).mecs == 2
    assert resolve(max_cycles=7).slots == resolve(max_episode_steps=7).slots == 7
    with pytest.raises(ValueError, match=r"^scenario = 'square-kn': .*did you mean 'square-km'\?"):
        resolve("square-kn")
    with pytest.raises(ValueError, match=r"^scenario = 7: must be a name, a TOML file"):
        resolve(7)


def test_the_papers_numbers():
    # Table I and sections V-B to V-D; 1 kB = 8000 bits.
    s = SCENARIOS["paper-large"]
    assert (s.mecs, s.iotds, s.area) == (8, 180, (50.0, 50.0))
    assert (s.bandwidth, s.noise, s.max_power, s.kappa, s.exponent) == (1e6, 1e-12, 1.5, 1e-27, 3)
    assert (s.data_bits, s.cycles, s.local_speed, s.server_speed) == (8e5, 1e9, 1e9, 1e10)
    assert (s.weight_time, s.weight_energy, s.reward, s.slots) == (1.0, 1.0, "reciprocal", 100)
    medium = SCENARIOS["paper-medium"]
    assert (medium.mecs, medium.iotds) == (2, 30)
    assert (SCENARIOS["paper-xlarge"].mecs, SCENARIOS["paper-xlarge"].iotds) == (10, 200)
    assert SCENARIOS["paper-large-50kB"].data_bits == 50 * 8000
    assert SCENARIOS["paper-large-1000kB"].data_bits == 1000 * 8000
    assert SCENARIOS["paper-large-0.5Gcycles"].cycles == 0.5e9
    assert SCENARIOS["paper-large-2Gcycles"].cycles == 2e9


def test_square_scenarios_are_as_published():
    km, small = SCENARIOS["square-km"], SCENARIOS["square-50m"]
    assert (km.area, km.path_loss_exponent) == ((1000.0, 1000.0), 3.5)
    assert (small.area, small.path_loss_exponent) == ((50.0, 50.0), 2.0)
    for s in (km, small):
        assert (s.device_layout, s.clusters, s.server_layout) == ("clusters", 6, "random")
        assert s.cycles == Range(0.2e9, 3e9) and s.tasks == "slot"
        assert (s.data_bits.low, s.data_bits.high) == pytest.approx((0.8e5, 24e5))
        assert s.local_speed == Range(0.5e9, 1.1e9) and s.server_speed == Range(3e9, 2e10)


def test_the_named_scenarios_cannot_be_changed():
    with pytest.raises(TypeError):
        SCENARIOS["mine"] = Scenario()

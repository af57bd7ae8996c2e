"""The picture of a slot: what it shows, that it is repeatable, and that it needs no display."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled

from mec_env import MECEnv, outcome, parallel_env
from mec_env.views.picture import PALETTE, Picture, SlotRenderer, picture_of, server_colours
from tests.helpers import UNEQUAL


def picture(devices=60, servers=4, area=(100.0, 100.0), offloaded=0.5):
    rng = np.random.default_rng(0)
    decision = np.where(
        np.arange(devices) < offloaded * devices, rng.integers(1, servers + 1, devices), 0
    )
    return Picture(
        device_xy=rng.uniform(0, area, (devices, 2)),
        server_xy=rng.uniform(0, area, (servers, 2)),
        area=area,
        decision=decision,
        server_time=rng.uniform(0, 5, servers),
        slot=3,
        slots=100,
        objective=75.0,
        all_local=100.0,
        time=70.0,
        energy=5.0,
        title="a test",
    )


def drawn(shown, **options):
    return SlotRenderer("rgb_array", **options).draw(shown)


@pytest.fixture
def dummy_display(monkeypatch):
    """A window that nobody sees; returns pygame."""
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield pygame
    pygame.display.quit()


@pytest.mark.parametrize("size", [(960, 720), (640, 480), (1600, 900), (321, 243)])
def test_shape_and_dtype(size):
    pixels = drawn(picture(), size=size)
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize(
    "devices, servers, area",
    [
        (1, 1, (1.0, 1.0)),
        (30, 2, (50.0, 50.0)),
        (816, 125, (1800.0, 1500.0)),
        (300, 600, (20.0, 4000.0)),
    ],
)
def test_every_scale_draws(devices, servers, area):
    assert drawn(picture(devices, servers, area)).std() > 5


def test_servers_stand_where_they_should():
    corners = np.array([(20.0, 30.0), (80.0, 30.0), (50.0, 90.0)])
    shown = replace(picture(servers=3), server_xy=corners, decision=None)
    pixels = drawn(shown).astype(int)
    # The square map spans 630 pixels from (20, 27), y upwards.
    for (x, y), colour in zip(corners, server_colours(corners), strict=True):
        column, row = round(20 + 6.3 * x), round(27 + 6.3 * (100 - y))
        patch = pixels[row - 9 : row + 10, column - 9 : column + 10].reshape(-1, 3)
        assert (np.abs(patch - colour).max(axis=1) <= 2).sum() > 100


def test_more_offloaded_devices_give_more_colour():
    def coloured(share):
        on_map = drawn(picture(offloaded=share))[30:650, 25:645].astype(int)
        return (np.ptp(on_map, axis=2) > 40).sum()

    shares = [coloured(share) for share in (0.0, 0.3, 0.6, 1.0)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1] / 2


def test_a_trail_leads_to_each_device_and_fades():
    pytest.importorskip("pygame")
    # One device on its way from west to east along the middle of the map, 63 pixels a slot.
    course = np.array([[(10.0 * k, 50.0)] for k in range(1, 10)])
    alone = replace(
        picture(devices=1, servers=1), device_xy=course[-1], server_xy=np.array([(50.0, 95.0)]),
        decision=np.zeros(1, int),
    )  # fmt: skip
    with_trail = drawn(replace(alone, trail=course)).astype(int)
    changed = np.abs(with_trail - drawn(alone)).max(axis=2)
    rows, columns = np.nonzero(changed)
    assert set(rows) <= set(range(27 + 313, 27 + 318))
    assert columns.min() < 20 + 66 and columns.max() < 20 + 6.3 * 91
    early, late = (changed[340:345, c : c + 40].max() for c in (100, 500))
    assert 0 < early < late
    assert (drawn(replace(alone, trail=course[-1:])) == drawn(alone)).all()


def test_before_the_first_step_all_devices_are_grey():
    undecided = replace(picture(), decision=None)
    local = replace(picture(), decision=np.zeros(60, int))
    on_map = (slice(None), slice(0, 660))
    assert (drawn(undecided)[on_map] == drawn(local)[on_map]).all()
    assert not (drawn(undecided) == drawn(local)).all()  # the panel tells them apart


def test_same_slot_same_picture():
    renderer = SlotRenderer("rgb_array")
    first = renderer.draw(picture())
    renderer.draw(picture(devices=10, servers=30))
    assert (renderer.draw(picture()) == first).all()
    assert (drawn(picture()) == first).all()


def test_numbers_are_shown():
    def panel(**fields):
        return drawn(replace(picture(), **fields))[:, 680:]

    changed = [
        ("slot", 4),
        ("objective", 76.0),
        ("all_local", 101.0),
        ("time", 71.0),
        ("energy", 6.0),
        ("title", "b"),
    ]
    for field, value in changed:
        assert not (panel(**{field: value}) == panel()).all(), field


def test_colours_are_distinct_and_neighbours_differ():
    few = server_colours(np.random.default_rng(1).uniform(0, 1, (len(PALETTE), 2)))
    assert len(np.unique(few, axis=0)) == len(PALETTE)

    xy = np.random.default_rng(2).uniform(0, 1, (125, 2))
    colours = server_colours(xy)
    distance = ((xy[:, None] - xy) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    same = (colours == colours[distance.argmin(axis=1)]).all(axis=1)
    assert not same.any()
    assert (server_colours(xy) == colours).all()


def test_survives_a_pygame_quit_elsewhere():
    pygame = pytest.importorskip("pygame")
    renderer = SlotRenderer("rgb_array")
    first = renderer.draw(picture())
    pygame.quit()
    assert (renderer.draw(picture()) == first).all()


def test_missing_pygame_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(DependencyNotInstalled, match=r'pip install "mec-offloading\[render\]"'):
        drawn(picture())


def test_unknown_mode():
    with pytest.raises(ValueError, match=r"'ansi'.*rgb_array"):
        SlotRenderer("ansi")


def test_window_opens_shows_and_closes_twice(dummy_display):
    renderer = SlotRenderer("human", fps=1000)
    assert renderer.draw(picture()) is None
    shown = dummy_display.surfarray.array3d(dummy_display.display.get_surface()).transpose(1, 0, 2)
    assert (shown == drawn(picture())).all()
    renderer.close()
    renderer.close()
    assert not dummy_display.display.get_init()
    renderer.draw(picture())  # opens again
    renderer.close()


def test_closed_window_stays_closed(dummy_display):
    renderer = SlotRenderer("human", fps=1000)
    renderer.draw(picture())
    dummy_display.event.post(dummy_display.event.Event(dummy_display.QUIT))
    renderer.draw(picture())
    assert not dummy_display.display.get_init()
    assert renderer.draw(picture()) is None
    assert not dummy_display.display.get_init()
    renderer.close()


def test_closing_without_drawing():
    SlotRenderer("human").close()
    SlotRenderer("rgb_array").close()


# --- of which slot -----------------------------------------------------------------


class Kept:
    """A renderer that keeps what it should draw."""

    def draw(self, shown):
        return shown


def watched(**fields):
    env = MECEnv(render_mode="rgb_array", **{**UNEQUAL, **fields})
    env._renderer = Kept()
    return env


@pytest.mark.parametrize("actions", ["decisions", "scores"])
def test_the_picture_is_of_the_slot_that_was_decided(actions):
    env = watched(actions=actions)
    env.reset(seed=3)
    env.action_space.seed(0)
    for number in range(1, 5):
        decided, action = env.slot, env.action_space.sample()
        decision = action if actions == "decisions" else env.decision(action)
        info = env.step(action)[4]
        shown = env.render()
        assert shown.slot == number
        assert shown.decision.tolist() == decision.tolist()
        assert shown.objective == info["objective"] == outcome(decided, decision).objective
        assert (shown.time, shown.energy) == (info["time"], info["energy"])
        assert shown.all_local == decided.local_cost.sum()
        # The next slot is another one: its picture would be told apart by every figure.
        following = outcome(env.slot, decision)
        assert shown.objective != following.objective and shown.time != following.time
        assert shown.all_local != env.slot.local_cost.sum()


def test_before_a_step_the_picture_is_of_the_slot_observed():
    env = watched()
    for _ in range(2):
        env.reset(seed=3)
        shown = env.render()
        assert shown.decision is None and shown.slot == 1 and not shown.server_time.any()
        assert shown.all_local == env.slot.local_cost.sum()
        env.step([1, 2, 3, 0, 1])


def test_the_picture_keeps_the_decision_that_was_taken():
    env = watched()
    env.reset(seed=3)
    action = np.array([1, 2, 3, 0, 1])
    env.step(action)
    action[:] = 0
    assert env.render().decision.tolist() == [1, 2, 3, 0, 1]


def test_a_refused_action_leaves_the_picture():
    env = watched()
    env.reset(seed=3)
    env.step([1, 2, 3, 0, 1])
    with pytest.raises(ValueError, match="must be from 0"):
        env.step([9, 0, 0, 0, 0])
    assert env.render().slot == 1 and env.render().decision.tolist() == [1, 2, 3, 0, 1]


def test_servers_bars_are_the_compute_times_on_them():
    # Tasks of 1 and 4 Gcycles on 10 Gcycles/s: the best shares go as the roots, 1 : 2, so the
    # tasks take 1 / (10 / 3) = 0.3 s and 4 / (20 / 3) = 0.6 s, together 0.9 s.
    env = watched(
        mecs=2, iotds=3, cycles=[1e9, 4e9, 2e9], local_speed=1e9, server_speed=[1e10, 5e9],
        data_bits=8e5,
    )  # fmt: skip
    env.reset(seed=0)
    env.step([1, 1, 0])
    assert env.render().server_time == pytest.approx([0.9, 0.0], rel=1e-12)
    env.step([0, 0, 2])
    assert env.render().server_time == pytest.approx([0.0, 2e9 / 5e9], rel=1e-12)


def test_pixels_are_those_of_the_slot_that_was_decided():
    pytest.importorskip("pygame")
    env = MECEnv(render_mode="rgb_array", **UNEQUAL)
    env.reset(seed=3)
    decided, decision = env.slot, np.array([1, 2, 3, 0, 1])
    env.step(decision)
    world = env.simulator.world()
    assert (env.render() == drawn(picture_of(env.scenario, world, 1, decided, decision))).all()
    for other in (
        picture_of(env.scenario, world, 1, env.slot, decision),
        picture_of(env.scenario, world, 2, decided, decision),
        picture_of(env.scenario, world, 1, decided),
    ):
        assert not (env.render() == drawn(other)).all()


def test_the_parallel_environment_shows_the_same():
    env = parallel_env(agents="devices", render_mode="rgb_array", **UNEQUAL)
    env._env._renderer = Kept()
    env.reset(seed=3)
    decided = env.slot
    infos = env.step({agent: k % 4 for k, agent in enumerate(env.agents)})[4]
    assert env.render().decision.tolist() == [0, 1, 2, 3, 0]
    assert env.render().objective == infos["iotd_0"]["objective"]
    assert env.render().all_local == decided.local_cost.sum()

"""The picture of a slot: a map of devices, servers and links, and each server's load beside it.

This module knows nothing of the simulator: `picture_of` fills in a `Picture` from a slot, as
anybody may. pygame is imported when the first picture is drawn, and needs no display unless a
window is asked for.
"""

from dataclasses import dataclass

import numpy as np

from mec_env.physics.outcome import outcome
from mec_env.views import wording
from mec_env.views.canvas import OVERSAMPLING, Sheet, import_pygame
from mec_env.views.coupled_picture import coupled_view

__all__ = ["Picture", "SlotRenderer", "picture_of", "server_colours"]

# Okabe and Ito's colour-blind-safe colours that show on white, then Tol's that differ from them.
PALETTE = np.array(
    [
        (0, 114, 178),  # blue
        (213, 94, 0),  # vermilion
        (0, 158, 115),  # green
        (204, 121, 167),  # pink
        (230, 159, 0),  # orange
        (86, 180, 233),  # sky
        (51, 34, 136),  # indigo
        (136, 34, 85),  # wine
        (153, 153, 51),  # olive
        (127, 86, 56),  # brown
    ],
    np.uint8,
)
LOCAL = (160, 166, 174)
INK, SOFT_INK = (32, 38, 46), (104, 112, 122)
PAPER, PANEL, GRID, FRAME, TRACK, TRAIL = (
    (255, 255, 255),
    (246, 247, 249),
    (238, 240, 243),
    (200, 205, 211),
    (228, 231, 235),
    (104, 112, 122),
)

# Sizes below are for this frame and scale with it.
REFERENCE_SIZE = (960, 720)
# More servers than this don't fit the panel one by one: the busiest are listed, the others drawn as a strip.
LISTED, LISTED_BESIDE_STRIP = 16, 12


@dataclass(frozen=True)
class Picture:
    """What a picture of a slot shows; N devices, M servers.

    Attributes
    ----------
    device_xy, server_xy : (N, 2) and (M, 2) float
        Positions [m].
    area : (float, float)
        Width and height of the map [m].
    decision : (N,) int or None
        0 for local, j for server j (1..M); None before the first step.
    server_time : (M,) float
        Compute time of the devices on each server, summed [s].
    slot, slots : int
        The slot's number within the episode, and how many there are.
    objective, all_local : float
        Cost of the decision, and of running everything locally [weighted s and J].
    time, energy : float
        Summed over devices [s], [J].
    title : str
        The scenario's name.
    more : pairs of str, a coupling's figures
    trail : (K, N, 2) float or None
        Where devices that move were in the last slots, oldest first, this one's last [m].
    """

    device_xy: np.ndarray
    server_xy: np.ndarray
    area: tuple[float, float]
    decision: np.ndarray | None
    server_time: np.ndarray
    slot: int
    slots: int
    objective: float
    all_local: float
    time: float
    energy: float
    title: str = ""
    more: tuple[tuple[str, str], ...] = ()
    trail: np.ndarray | None = None


def picture_of(scenario, world, number, slot, decision=None, trail=None):
    """The Picture of a slot and what was decided in it.

    Parameters
    ----------
    scenario : Scenario
    world : mec_env.simulator.world.World
        Where devices and servers stood in the slot.
    number : int
        The slot's number within the episode, from 1.
    slot : Slot
    decision : (N,) int, optional
        None before anything was decided.
    trail : (K, N, 2) float, optional
        See :class:`mec_env.views.trail.Trail`.
    """
    server_time, judged = np.zeros(scenario.mecs), None
    device_xy, decision, more = coupled_view(slot, world, decision)
    if decision is not None:
        judged = outcome(slot, decision)
        seconds = slot.cycles / judged.cpu
        server_time = np.bincount(decision, weights=seconds, minlength=scenario.mecs + 1)[1:]
    return Picture(
        device_xy=device_xy,
        server_xy=world.server_xy,
        area=scenario.area,
        decision=decision,
        server_time=server_time,
        slot=number,
        slots=scenario.slots,
        objective=judged.objective if judged else 0.0,
        all_local=float(slot.local_cost.sum()),
        time=judged.time if judged else 0.0,
        energy=judged.energy if judged else 0.0,
        title=scenario.name,
        more=tuple(more.items()),
        trail=trail,
    )


def server_colours(server_xy):
    """Colour of each server: all distinct up to ten, beyond that far from any server of the same colour.

    Parameters
    ----------
    server_xy : (M, 2) float
        Positions [m].

    Returns
    -------
    (M, 3) uint8
        Red, green, blue.
    """
    count = len(server_xy)
    chosen = np.arange(count) % len(PALETTE)
    if (
        len(PALETTE) < count <= 2000
    ):  # quadratic in the count, and thousands can't be told apart anyway
        nearest = np.full(
            (count, len(PALETTE)), np.inf
        )  # squared distance to the nearest of each colour
        for server in range(count):
            if server >= len(PALETTE):
                chosen[server] = np.argmax(nearest[server])
            distance = ((server_xy - server_xy[server]) ** 2).sum(axis=1)
            column = nearest[:, chosen[server]]
            np.minimum(column, distance, out=column)
    return PALETTE[chosen]


class SlotRenderer:
    """Draws pictures of slots, as arrays or in a window.

    Parameters
    ----------
    mode : {"rgb_array", "human"}
    size : (int, int)
        Width and height [pixels].
    fps : float
        Pictures per second in the window.
    """

    def __init__(self, mode, size=REFERENCE_SIZE, fps=4):
        if mode not in ("rgb_array", "human"):
            raise ValueError(f'render mode is {mode!r}; it must be "rgb_array" or "human"')
        self.mode, self.size, self.fps = mode, size, fps
        self._unit = min(size[0] / REFERENCE_SIZE[0], size[1] / REFERENCE_SIZE[1])
        self._window = self._clock = None
        self._dismissed = False  # the user has closed the window
        self._colours = None  # (server positions, their colours), as positions rarely change

    def draw(self, picture):
        """Draw a slot.

        Parameters
        ----------
        picture : Picture

        Returns
        -------
        (H, W, 3) uint8 or None
            The picture in mode rgb_array, the same for the same slot. In mode human it is shown in
            a window and None is returned; once the user closes the window nothing is shown.
        """
        pygame = import_pygame()
        if self.mode == "rgb_array":
            pixels = pygame.surfarray.array3d(self._paint(pygame, picture))
            return np.ascontiguousarray(pixels.transpose(1, 0, 2))
        if self._dismissed:
            return None
        if self._window is None or not pygame.display.get_init():
            pygame.display.init()
            pygame.display.set_caption(picture.title or "Edge offloading")
            self._window = pygame.display.set_mode(self.size)
            self._clock = pygame.time.Clock()
        self._window.blit(self._paint(pygame, picture), (0, 0))
        pygame.display.flip()
        self._clock.tick(self.fps)
        if pygame.event.get(pygame.QUIT):
            self._dismissed = True
            self.close()
        else:
            pygame.event.pump()
        return None

    def close(self):
        """Close the window, if there is one. May be called again."""
        if self._window is not None:
            import_pygame().display.quit()
        self._window = self._clock = None

    def _paint(self, pygame, picture):
        """The picture as a surface, drawn oversampled and scaled down."""
        width, height = self.size
        sheet = Sheet(pygame, self.size, self._unit * OVERSAMPLING)
        right, bottom = width / self._unit, height / self._unit
        panel_left = right - 290
        if self._colours is None or not np.array_equal(self._colours[0], picture.server_xy):
            self._colours = (
                np.array(picture.server_xy),
                server_colours(np.asarray(picture.server_xy)),
            )
        colours = self._colours[1]
        listed = _listed(picture)
        _paint_map(sheet, picture, colours, listed, (20, 20, panel_left - 40, bottom - 76))
        sheet.rectangle(PANEL, panel_left, 0, right - panel_left, bottom)
        _paint_panel(sheet, picture, colours, listed, panel_left + 22, right - 22, bottom)
        return pygame.transform.smoothscale(sheet.surface, self.size)


def _paint_map(sheet, picture, colours, listed, box):
    """Grid, links, devices and servers inside the box (x, y, width, height), legend and scale bar below it."""
    box_x, box_y, box_width, box_height = box
    zoom = min(box_width / picture.area[0], box_height / picture.area[1])  # pixels per metre
    width, height = picture.area[0] * zoom, picture.area[1] * zoom
    left, top = box_x + (box_width - width) / 2, box_y + (box_height - height) / 2
    step = wording.round_length(picture.area[0] / 4)

    def project(xy):
        """Metres to pixels, y upwards."""
        inside = np.clip(np.asarray(xy, float).reshape(-1, 2), 0, picture.area)
        return np.column_stack((left + inside[:, 0] * zoom, top + height - inside[:, 1] * zoom))

    for x in np.arange(step, picture.area[0], step) * zoom:
        sheet.rectangle(GRID, left + x, top, 1, height)
    for y in np.arange(step, picture.area[1], step) * zoom:
        sheet.rectangle(GRID, left, top + height - y, width, 1)
    for x, y, w, h in (
        (0, 0, width, 1),
        (0, height, width, 1),
        (0, 0, 1, height),
        (width, 0, 1, height + 1),
    ):
        sheet.rectangle(FRAME, left + x, top + y, w, h)

    device, server = project(picture.device_xy), project(picture.server_xy)
    devices = len(device)
    if picture.trail is not None and len(picture.trail) > 1:
        course = project(picture.trail).reshape(-1, devices, 2)
        ages = np.repeat(np.linspace(40, 220, len(course) - 1).astype(int), devices)
        colour = np.broadcast_to(TRAIL, (len(ages), 3))
        sheet.lines(course[:-1].reshape(-1, 2), course[1:].reshape(-1, 2), colour, alpha=ages)
    decision = np.zeros(devices, int) if picture.decision is None else np.asarray(picture.decision)
    offloaded = np.flatnonzero(decision)
    host = decision[offloaded] - 1
    sheet.lines(
        device[offloaded],
        server[host],
        colours[host],
        alpha=int(np.interp(devices, (30, 1000), (150, 80))),
    )
    radius = float(np.clip(9.5 * max(devices, 1) ** -0.2, 1.3, 5.0))
    for centre in device[decision == 0].tolist():
        sheet.disc(LOCAL, centre, radius)
    for centre, colour in zip(device[offloaded].tolist(), colours[host].tolist(), strict=True):
        sheet.disc(colour, centre, radius)

    labelled = set(listed)
    large, small = (21, 21) if len(server) <= LISTED else (17, 10)
    order = [j for j in range(len(server)) if j not in labelled] + sorted(labelled)  # labels on top
    for j in order:
        side = large if j in labelled else small
        x, y = server[j]
        for colour, edge in ((PAPER, side + 5), (INK, side + 2), (colours[j].tolist(), side)):
            sheet.rectangle(colour, x - edge / 2, y - edge / 2, edge, edge, radius=3)
        if j in labelled:
            sheet.text(str(j + 1), 17 if large > 17 else 13, PAPER, x, y + 1, 0.5)

    # Below the map: the scale bar on the left, the legend on the right.
    y = top + height + 34
    bar = step * zoom
    sheet.rectangle(INK, box_x, y - 1, bar, 2)
    sheet.rectangle(INK, box_x, y - 5, 2, 10)
    sheet.rectangle(INK, box_x + bar - 2, y - 5, 2, 10)
    sheet.text(wording.length(step), 18, INK, box_x + bar + 10, y, 0.0)
    x = box_x + box_width - 330
    sheet.disc(LOCAL, (x, y), 5)
    sheet.text("runs locally", 18, SOFT_INK, x + 11, y, 0.0)
    for shift, colour in zip((-9, 0, 9), PALETTE.tolist(), strict=False):
        sheet.disc(colour, (x + 120 + shift, y), 5)
    sheet.text("offloaded", 18, SOFT_INK, x + 140, y, 0.0)
    sheet.rectangle(INK, x + 225, y - 7, 14, 14, radius=2)
    sheet.rectangle(PALETTE[0].tolist(), x + 226, y - 6, 12, 12, radius=2)
    sheet.text("edge server", 18, SOFT_INK, x + 246, y, 0.0)


def _paint_panel(sheet, picture, colours, listed, left, right, bottom):
    """Title, figures and the servers' loads between x = left and right."""
    sheet.text(wording.fit(picture.title, 22), 29, INK, left, 38, 0.0)
    sheet.text(f"slot {picture.slot} of {picture.slots}", 20, SOFT_INK, left, 64, 0.0)

    devices = len(picture.device_xy)
    on = np.zeros(len(picture.server_xy), int)
    if picture.decision is None:
        figures = dict.fromkeys(("Objective", "Saving", "Time", "Energy", "Offloaded"), "–")
    else:
        on = np.bincount(picture.decision, minlength=len(on) + 1)[1:]
        saving = 1.0 - picture.objective / (picture.all_local or 1.0)
        figures = {
            "Objective": wording.number(picture.objective),
            "Saving": f"{100 * saving:.1f} %".replace("-", "−"),
            "Time": f"{wording.number(picture.time)} s",
            "Energy": f"{wording.number(picture.energy)} J",
            "Offloaded": f"{on.sum():,} of {devices:,}",
        }
    figures = {"All local": wording.number(picture.all_local), **figures, **dict(picture.more)}
    y = 98
    for name, figure in figures.items():
        strong = name in ("Objective", "Saving")
        sheet.text(name, 20, SOFT_INK, left, y, 0.0)
        sheet.text(figure, 24 if strong else 20, INK, right, y, 1.0)
        y += 25
    y += 4
    sheet.rectangle(FRAME, left, y, right - left, 1)
    y += 24

    server_time = np.asarray(picture.server_time, float)
    longest = max(server_time.max(initial=0.0), 1e-300)
    servers = len(server_time)
    if servers > LISTED:
        # All of them, busiest first, as a strip of columns one beside the other.
        sheet.text(f"{servers:,} servers by load", 20, INK, left, y, 0.0)
        y += 16
        column = (right - left) / servers
        sheet.rectangle(TRACK, left, y + 34, right - left, 1)
        for rank, j in enumerate(np.argsort(-server_time, kind="stable")):
            tall = 34 * server_time[j] / longest
            gap = 1 if column > 3 else 0
            sheet.rectangle(
                colours[j].tolist(), left + rank * column, y + 34 - tall, column - gap, tall
            )
        y += 62
    sheet.text("Busiest" if servers > LISTED else "Servers", 20, INK, left, y, 0.0)
    sheet.text("devices", 17, SOFT_INK, right - 62, y, 1.0)
    sheet.text("compute", 17, SOFT_INK, right, y, 1.0)
    y += 25
    pitch = min(30.0, (bottom - 16 - y) / max(len(listed), 1))
    bar_left, bar_right = left + 32, right - 112
    for j in listed:
        colour = colours[j].tolist()
        sheet.rectangle(colour, left, y - 9, 22, 18, radius=3)
        sheet.text(str(j + 1), 15 if j < 999 else 12, PAPER, left + 11, y + 1, 0.5)
        sheet.rectangle(TRACK, bar_left, y - 5, bar_right - bar_left, 10, radius=3)
        length = (bar_right - bar_left) * server_time[j] / longest
        if length > 0:
            sheet.rectangle(colour, bar_left, y - 5, max(length, 2), 10, radius=min(3, length / 2))
        sheet.text(f"{on[j]:,}", 18, INK, right - 62, y, 1.0)
        sheet.text(f"{wording.number(server_time[j], 3)} s", 18, INK, right, y, 1.0)
        y += pitch


def _listed(picture):
    """Servers that the panel lists one by one: all, or the busiest, busiest first."""
    servers = len(picture.server_xy)
    if servers <= LISTED:
        return list(range(servers))
    return np.argsort(-np.asarray(picture.server_time, float), kind="stable")[
        :LISTED_BESIDE_STRIP
    ].tolist()

"""The pictures of the documentation, light and dark: python docs/make_pictures.py

Each is made from recorded cells or from the environment itself, so anybody gets the same ones.
"""

import io
import json
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

import matplotlib  # noqa: E402

matplotlib.use("agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from PIL import Image  # noqa: E402

import mec_env  # noqa: E402
from examples.film import film  # noqa: E402
from mec_bench.cell import suite_of  # noqa: E402
from mec_bench.report.course import costs_by_slot  # noqa: E402
from mec_bench.report.curves import mean_curve  # noqa: E402
from mec_bench.report.overview import shown  # noqa: E402
from mec_bench.standings import boards, load_cells  # noqa: E402
from mec_bench.verify import read  # noqa: E402
from mec_env.limits import middle  # noqa: E402

PICTURES, CELLS = ROOT / "docs" / "pictures", ROOT / "benchmarks" / "results" / "cells"
#: Suites that the leaderboard's chart has room for.
SUITES = ("paper-medium-v1", "paper-large-v1", "paper-xlarge-v1", "square-km-v1")
#: Suites coupled in time, and whose episodes are drawn of each.
COUPLED = ("follow-me-v1", "harvest-v1", "rush-hour-v1")
DRAWN_OVER = ("myopic", "tuned-rule", "sb3-ppo-rule", "planning", "hindsight")
#: Slots of a running mean.
SMOOTH = 5
#: Background, words and lines of either variant.
SCHEMES = {
    "light": dict(back="#ffffff", words="#24292f", grid="#d8dee4"),
    "dark": dict(back="#1e2129", words="#d5d9e0", grid="#3a404c"),
}
#: Okabe and Ito's colours, which people who see fewer colours can tell apart too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6cd6", "#b24a66")
KINDS = {"solver": "#7d8590", "rule": "#e69f00", "search": "#cc79a7", "learner": "#009e73"}


def styled(scheme):
    """Matplotlib's settings of a variant."""
    s = SCHEMES[scheme]
    return {
        "figure.facecolor": s["back"], "axes.facecolor": s["back"], "savefig.facecolor": s["back"],
        "text.color": s["words"], "axes.labelcolor": s["words"], "xtick.color": s["words"],
        "ytick.color": s["words"], "axes.edgecolor": s["grid"], "grid.color": s["grid"],
        "axes.spines.top": False, "axes.spines.right": False, "font.size": 10,
        "svg.hashsalt": "mec-offloading", "svg.fonttype": "none", "legend.frameon": False,
        "font.sans-serif": ["DejaVu Sans", "Helvetica"],
    }  # fmt: skip


def leaderboard(found, scheme):
    """Mean gap of ten methods on each suite, on an axis of decades."""
    methods = list(reversed(shown(found)))
    figure, axes = plt.subplots(1, len(found), figsize=(9.6, 3.9), sharey=True)
    for k, (axis, board) in enumerate(zip(axes, found)):
        for row, by_board in enumerate(methods):
            if k not in by_board:
                continue
            standing = by_board[k]
            gaps = [100 * max(gap, 1e-5) for gap in (standing.mean, *standing.mean_interval)]
            colour = KINDS[standing.kind]
            axis.plot(gaps[1:], [row, row], color=colour, linewidth=2)
            axis.plot(gaps[0], row, "o", color=colour, markersize=5)
        axis.set_xscale("log")
        axis.set_xlim(7e-4, 60)
        axis.set_xticks([1e-3, 1e-1, 1e1], ["≤ 0.001", "0.1", "10"])
        axis.set_title(board.label.removesuffix("-v1"), fontsize=10)
        axis.grid(axis="x", alpha=0.6)
        axis.tick_params(length=0)
    names = [next(iter(by_board.values())).learner for by_board in methods]
    axes[0].set_yticks(range(len(names)), names)
    figure.supxlabel("mean gap above the certified bound [%], 95 % interval", fontsize=10)
    marks = [
        plt.Line2D([], [], marker="o", linestyle="", color=c, label=k) for k, c in KINDS.items()
    ]
    figure.legend(
        handles=marks, loc="upper right", ncols=4, fontsize=9, bbox_to_anchor=(0.995, 1.0)
    )
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    return figure


def curves(_, scheme):
    """Training on square-km: choices for all devices, and prices, over the same bound."""
    named = {"sb3-ppo": "PPO, a choice a device", "sb3-ppo-prices": "PPO, a price a server"}
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    for colour, (name, label) in zip(COLOURS[1:3], named.items()):
        files = sorted(CELLS.glob(f"square-km-v1--{name}--s*.json"))
        cells = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        bound = np.mean([cell["means"]["lower_bound"] for cell in cells])
        found = mean_curve(cells)
        axis.plot(
            found["seconds"],
            np.array(found["objective"]) / bound,
            color=colour,
            linewidth=2,
            label=label,
        )
    greedy = json.loads(next(CELLS.glob("square-km-v1--greedy--s0--*.json")).read_text())
    axis.axhline(
        np.mean(greedy["means"]["objective"]) / bound, color=COLOURS[4], linestyle="--", label="greedy rule"
    )  # fmt: skip
    axis.axhline(1.0, color=SCHEMES[scheme]["words"], linestyle=":", label="certified bound")
    axis.set_yscale("log")
    axis.set_ylim(0.97, 3.5)
    axis.set_yticks([1, 1.5, 2, 3], ["1", "1.5", "2", "3"])
    axis.minorticks_off()
    axis.set_xlabel("training, seconds of one core")
    axis.set_ylabel("objective over the bound")
    axis.grid(alpha=0.6)
    axis.legend(fontsize=9)
    figure.tight_layout()
    return figure


@cache
def costs_of(suite, learner):
    """Mean objective of each slot of an episode (T,), as a cell's decisions are replayed."""
    (file,) = CELLS.glob(f"{suite}--{learner}--s0--*.json")
    record = json.loads(file.read_text(encoding="utf-8"))
    return costs_by_slot(list(suite_of(record).episodes()), read(file, record))


def episodes(_, scheme):
    """What a slot costs as an episode goes on, with hindsight's decisions beside it."""
    figure, panels = plt.subplots(1, len(COUPLED), figsize=(9.6, 3.4))
    for axis, suite in zip(panels, COUPLED):
        for colour, learner in zip(COLOURS[1:], DRAWN_OVER):
            best = learner == "hindsight"
            costs = np.convolve(costs_of(suite, learner), np.ones(SMOOTH) / SMOOTH, "valid")
            slots = np.arange(len(costs)) + (SMOOTH + 1) / 2
            axis.plot(
                slots[::2], costs[::2], linewidth=1.5, label=learner,
                color=SCHEMES[scheme]["words"] if best else colour, linestyle=":" if best else "-",
            )  # fmt: skip
        axis.set_title(suite, fontsize=10)
        axis.set_ylim(0)
        axis.grid(alpha=0.6)
    panels[0].set_ylabel("objective a slot")
    panels[1].set_xlabel("slot of the episode")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=len(names), fontsize=9)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    return figure


def price_map(_, scheme, points=90):
    """Where a middling device would offload at a slot's optimal prices, and what it would save."""
    env = mec_env.MECEnv("square-km")
    env.reset(seed=0)
    prices = mec_env.certify(env.slot).prices
    world, scenario = env.simulator.world(), env.scenario
    side = scenario.area[0]
    centres = (np.arange(points) + 0.5) * side / points
    # A device on every point of a grid, by the environment's own physics, without fading.
    grid = scenario.replace(
        iotds=points**2, channel="log-distance", device_layout="given", server_layout="given",
        device_positions=tuple((x, y) for y in centres for x in centres),
        server_positions=tuple(map(tuple, world.server_xy)),
        server_speed=tuple(env.slot.server_speed), local_speed=middle(scenario.local_speed),
        cycles=middle(scenario.cycles), data_bits=middle(scenario.data_bits),
    )  # fmt: skip
    shown_at = mec_env.MECEnv(grid)
    shown_at.reset(seed=0)
    slot = shown_at.slot
    asked = slot.link_cost + prices * np.sqrt(slot.cycles)[:, None]
    saving = 1.0 - asked.min(axis=1) / slot.local_cost
    server = np.where(saving > 0, asked.argmin(axis=1), -1).reshape(points, points)
    strength = np.clip(saving, 0.0, 0.7).reshape(points, points)[..., None]
    back = np.array(to_rgb(SCHEMES[scheme]["back"]))
    colours = np.array([to_rgb(colour) for colour in COLOURS])
    mixed = np.where(
        server[..., None] < 0, back, back + (colours[server] - back) * (0.15 + strength)
    )
    figure, axis = plt.subplots(figsize=(6.4, 5.2))
    axis.imshow(
        np.clip(mixed, 0, 1), origin="lower", extent=(0, side, 0, side), interpolation="nearest"
    )
    axis.scatter(*world.device_xy.T, s=5, color=SCHEMES[scheme]["words"], linewidths=0)
    for j, (x, y) in enumerate(world.server_xy):
        axis.plot(x, y, "s", color=COLOURS[j], markersize=13, markeredgecolor=SCHEMES[scheme]["words"], clip_on=False)  # fmt: skip
        axis.annotate(str(j + 1), (x, y), color="#ffffff", ha="center", va="center", fontsize=8)
    lines = "\n".join(f"{j + 1}   {1e6 * p:5.1f}" for j, p in enumerate(prices))
    axis.text(
        1.04,
        0.98,
        f"price\n[10⁻⁶ per √cycle]\n\n{lines}",
        transform=axis.transAxes,
        va="top",
        fontsize=9,
    )
    axis.set_xlabel("[m]")
    axis.set_ylabel("[m]")
    figure.tight_layout()
    return figure


@cache
def slot_pixels():
    """The first slot of square-km as the greedy rule decides it, as the environment draws it."""
    env = mec_env.MECEnv("square-km", render_mode="rgb_array")
    env.reset(seed=0)
    env.step(mec_env.RULES["greedy"]().decide(env.slot))
    return env.render()


@cache
def film_pixels(name):
    """The frames of an episode of a coupled scenario, as hindsight decides it."""
    return film(name, FILMS[name])[0]


def in_scheme(pixels, scheme):
    """A picture of the environment in a variant: in the dark, light and dark change places, hues stay.

    What has a colour is never dark there, so that the numbers on servers can be read.
    """
    if scheme == "light":
        return pixels
    shares = pixels / 255.0
    most, least = shares.max(axis=2, keepdims=True), shares.min(axis=2, keepdims=True)
    lightness, coloured = (most + least) / 2.0, np.clip((most - least - 0.15) / 0.3, 0.0, 1.0)
    wanted = 1.0 - lightness + coloured * (0.29 * lightness - 0.03)
    turned = np.clip(shares + wanted - lightness, 0.0, 1.0)
    back = np.array(to_rgb(SCHEMES[scheme]["back"]))
    return np.rint(255.0 * (back + turned * (1.0 - back))).astype(np.uint8)


def write_svg(figure, file):
    """A figure as SVG, to a hundredth of a pixel: no screen shows more, and half the bytes do."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    rounded = re.sub(r"(?<=[ \"(])-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}", drawn.getvalue())
    file.write_text(rounded, encoding="utf-8")


def write_png(figure, file):
    """A figure as PNG with a palette, which its few colours fit."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110)
    _with_palette(Image.open(drawn).convert("RGB"), file)


def write_slot(scheme, file):
    """The slot as PNG with a palette."""
    _with_palette(Image.fromarray(in_scheme(slot_pixels(), scheme)), file)


def _with_palette(image, file):
    image.quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)


def write_film(name, scheme, file):
    """A film as animated AVIF, thin coloured lines and all; its last frame stays."""
    frames = [
        Image.fromarray(in_scheme(pixels, scheme)).resize(FRAME, Image.Resampling.LANCZOS)
        for pixels in film_pixels(name)
    ]
    shown = [MILLISECONDS] * (len(frames) - 1) + [6 * MILLISECONDS]
    frames[0].save(
        file, save_all=True, append_images=frames[1:], duration=shown, quality=QUALITY,
        subsampling="4:4:4", speed=4,
    )  # fmt: skip


#: Scenario -> slots of its film: minutes on foot, most of a day and a night of the sun, waves of tasks.
FILMS = {"follow-me": 16, "harvest": 20, "rush-hour": 14}
#: Size of a film's frames [pixels], how long one is shown, and AVIF's quality.
FRAME, MILLISECONDS, QUALITY = (640, 480), 400, 45
#: File name -> what draws it, and its format.
DRAWN = {
    "leaderboard": (leaderboard, "svg"),
    "curves": (curves, "svg"),
    "episodes": (episodes, "svg"),
    "price-map": (price_map, "png"),
}


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    found = boards(load_cells(CELLS))
    found = [board for board in found if board.label in SUITES]
    for name, (draw, form) in DRAWN.items():
        for scheme in SCHEMES:
            with plt.rc_context(styled(scheme)):
                figure = draw(found, scheme)
                file = PICTURES / f"{name}-{scheme}.{form}"
                if form == "svg":
                    write_svg(figure, file)
                else:
                    write_png(figure, file)
                plt.close(figure)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")
    for scheme in SCHEMES:
        write_slot(scheme, PICTURES / f"slot-{scheme}.png")
        for name in FILMS:
            write_film(name, scheme, PICTURES / f"film-{name}-{scheme}.avif")

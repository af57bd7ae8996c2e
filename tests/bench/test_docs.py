"""Every block of the documentation runs as it is printed, and its generated parts are current."""

import contextlib
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.priced import page
from mec_bench.cli.compare import asked_of, compare, prepared
from mec_env import Scenario
from mec_env.simulator.features import coupled_feature_table, feature_table
from mec_env.simulator.observation import table

ROOT = Path(__file__).parents[2]


def test_the_walk_through_the_laws_runs_as_printed():
    text = (ROOT / "docs" / "your-own-law.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    # Its registries are the package's own, so it runs in a process that ends with it.
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "paper-medium-v1" in done.stdout


def test_a_law_from_outside_goes_with_the_command(tmp_path):
    text = (ROOT / "docs" / "your-own-law.md").read_text(encoding="utf-8")
    law = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    end = re.search(r"```text\n(if __name__.*?)```", text, re.DOTALL).group(1)
    (tmp_path / "my_law.py").write_text(law + end, encoding="utf-8")
    small = Scenario.from_toml('name = "mine"\nmecs = 2\niotds = 5\n').to_toml()
    (tmp_path / "mine.toml").write_text(small.replace('"rayleigh"', '"two-slopes"'))
    command = ["evaluate", "local", "--scenario", "mine.toml", "--worlds", "1", "--slots", "1"]
    with pytest.raises(AssertionError, match="channel = 'two-slopes': must be one of"):
        run([sys.executable, "-m", "mec_bench", *command], tmp_path)
    assert "mine: 1 slot," in run([sys.executable, "my_law.py", *command], tmp_path)


def test_the_blocks_about_prices_run_as_printed():
    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "square-km-v1" in done.stdout


def test_the_blocks_about_coupled_tasks_run_as_printed():
    text = (ROOT / "docs" / "coupled-tasks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join(blocks)],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "% above the bound" in done.stdout
    gaps = re.findall(r"^(\S+) Evaluation\(.*mean gap (.*) %\)$", done.stdout, re.MULTILINE)
    assert [name for name, _ in gaps] == ["myopic", "PPO", "sb3-ppo-rule"]
    assert float(gaps[2][1]) < float(gaps[0][1])


def test_blocks_and_features_of_couplings_are_listed_as_they_are():
    text = (ROOT / "docs" / "coupled-tasks.md").read_text(encoding="utf-8")
    blocks = [
        row for row in table() if "if " in row[-1] and row[-1].split()[1] in ("devices", "tasks")
    ]
    moved = [row for row in blocks if row[-1] != "if devices are unequal"]
    for row in [*moved, *coupled_feature_table()]:
        assert f"| {' | '.join(row)} |" in text


def test_the_features_are_listed_as_they_are():
    text = (ROOT / "docs" / "prices.md").read_text(encoding="utf-8")
    listed = text.split("<!-- features:begin -->")[1].split("<!-- features:end -->")[0]
    rows = [tuple(line.strip("| ").split(" | ")) for line in listed.strip().splitlines()[2:]]
    assert rows == [tuple(row) for row in feature_table()]


def test_the_walk_names_files_and_registries_that_are_there():
    text = (ROOT / "docs" / "your-own-law.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:mec_env|dirs_solver)/[a-z_/]*(?:\.py)?)`", text):
        assert (ROOT / path).exists(), path
    from dirs_solver.plugins import MANIFESTS
    from mec_env.judging.rules import RULES
    from mec_env.laws import channels, coupling, fading, layouts, rewards
    from mec_env.laws.actions import MODES
    from mec_env.simulator.observation import BLOCKS

    there = channels.LAWS, fading.FADINGS, layouts.DEVICES, layouts.SERVERS, rewards.REWARDS
    assert all(there) and MODES and BLOCKS and coupling.COUPLINGS and RULES and MANIFESTS


def blocks_of(page):
    """The fenced blocks of a page: (language, text), those within lists and folds among them."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE)
    return [(language, block) for _, language, block in found]


def pages():
    return sorted(str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.md"))


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "SDL_VIDEODRIVER": "dummy"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines_of(blocks):
    """The command lines of blocks, those that go on behind a backslash as one."""
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0] for line in lines if not line.startswith("#")]


def check_command(arguments, folder):
    """Run a ``mec-env``, but of a comparison only all that comes before its cells."""
    if arguments[0] == "compare" and "--quick" not in arguments:
        with contextlib.chdir(folder):
            given = prepared(compare.make_context("compare", arguments[1:]).params)
            asked, suites = asked_of(given)
        assert len(suites) == len(asked.points)
    elif arguments[0] not in ("verify", "leaderboard", "compare"):
        assert run([sys.executable, "-m", "mec_bench", *arguments], folder)


#: Pages whose blocks have a test of their own above, which asks for more. Those about clusters need
#: one, and are held by test_cluster.py and test_cluster_examples.py.
OWN = {"coupled-tasks.md", "prices.md", "your-own-law.md", "cluster.md"}
RUN = [
    page
    for page in pages()
    if page not in OWN and {"python", "bash"} & {language for language, _ in blocks_of(page)}
]


# One process for a page: a reader types its blocks one after the other.
@pytest.mark.parametrize("page", RUN)
def test_the_blocks_of_a_page_run_as_printed(page, tmp_path):
    blocks = blocks_of(page)
    for language, block in blocks:
        if language == "python" and (name := re.match(r"# (\w+\.py)\n", block)):
            (tmp_path / name.group(1)).write_text(block, encoding="utf-8")
    code = [block for language, block in blocks if language == "python"]
    if code:
        run([sys.executable, "-W", "ignore", "-c", "\n".join(code)], tmp_path)
    for line in lines_of(block for language, block in blocks if language == "bash"):
        program, *arguments = shlex.split(line)
        if program == "mec-env":
            check_command(arguments, tmp_path)
            continue
        assert program == "python"
        files = [
            str(file)
            for argument in arguments
            for file in (sorted(tmp_path.glob(argument)) if "*" in argument else [argument])
        ]
        assert run([sys.executable, "-W", "ignore", *files], tmp_path)


def test_every_block_says_its_language_and_is_run_or_read():
    known = {"python", "bash", "dockerfile", "toml", "text"}
    assert {block[0] for page in pages() for block in blocks_of(page)} == known


def test_every_scenario_that_is_printed_is_one():
    printed = [block for page in pages() for language, block in blocks_of(page) if language == "toml"]  # fmt: skip
    assert printed
    for text in printed:
        assert Scenario.from_toml(text).name == tomllib.loads(text)["name"]


def script(name):
    """A script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current():
    assert script("make_tables").stale() == [], "python docs/make_tables.py"


def test_every_picture_is_there_light_and_dark_and_small():
    made = script("make_pictures")
    for name, (_, form) in made.DRAWN.items():
        for scheme in made.SCHEMES:
            assert (made.PICTURES / f"{name}-{scheme}.{form}").stat().st_size < 60_000
    for scheme in made.SCHEMES:
        assert (made.PICTURES / f"slot-{scheme}.png").stat().st_size < 60_000


def test_every_film_is_there_light_and_dark_and_short_and_on_the_page():
    made, page = script("make_pictures"), (ROOT / "docs" / "coupled-tasks.md").read_text("utf-8")
    for name, slots in made.FILMS.items():
        for scheme in made.SCHEMES:
            file = made.PICTURES / f"film-{name}-{scheme}.avif"
            assert f"](pictures/{file.name}#only-{scheme})" in page
            assert file.stat().st_size < 130_000
            with made.Image.open(file) as image:
                assert image.size == made.FRAME and image.n_frames == slots + 1


def test_a_dark_picture_has_dark_paper_light_words_and_no_dark_colour():
    made = script("make_pictures")
    from mec_env.views.picture import INK, PALETTE, PAPER

    pixels = np.array([PAPER, INK, *PALETTE.tolist()], dtype=np.uint8)[None]
    assert made.in_scheme(pixels, "light") is pixels
    paper, ink, *colours = made.in_scheme(pixels, "dark")[0].astype(int)
    assert paper.tolist() == [0x1E, 0x21, 0x29] and ink.min() > 200
    assert all(colour.max() > 120 for colour in colours)
    apart = [np.abs(a - b).max() for k, a in enumerate(colours) for b in colours[:k]]
    assert min(apart) > 25


def test_a_price_map_colours_what_offloads_and_leaves_the_rest():
    made = script("make_pictures")
    with made.plt.rc_context(made.styled("light")):
        figure = made.price_map(None, "light", points=12)
    (image,) = figure.axes[0].get_images()
    white = (image.get_array() == 1.0).all(axis=2)
    assert 0.2 < white.mean() < 0.9


def test_the_commands_of_contributing_run_as_printed(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    for line in block.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "python"
        # Its results go elsewhere than into the checkout.
        own = [str(tmp_path) if part == "leaderboard-quick" else part for part in arguments]
        assert run([sys.executable, "-W", "ignore", *own], ROOT)
    for name in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).is_file(), name


def test_the_readme_runs_as_printed_and_fits_a_page(tmp_path):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "mean gap" in run([sys.executable, "-W", "ignore", "-c", "\n".join(code)], tmp_path)
    for line in lines_of(re.findall(r"```bash\n(.*?)```", text, re.DOTALL)):
        program, *arguments = shlex.split(line)
        if program == "mec-env":
            check_command(arguments, tmp_path)
        else:
            # The two commands for a fresh clone, which CI's own script begins with.
            assert line.startswith("python3 -m venv .venv && ")
    for name in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / name).exists(), name


def test_what_other_commands_recorded_stays_on_the_page_of_priced():
    text = page.PAGE.read_text(encoding="utf-8")
    kept = page.recorded(text)
    assert kept.startswith(page.RECORDED) and text.endswith(kept) and kept.count("\n## ") == 2
    assert page.recorded("nothing of others") == ""

"""The Python blocks of the walk through the laws run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.priced import page
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


def test_the_block_about_coupled_tasks_runs_as_printed():
    text = (ROOT / "docs" / "coupled-tasks.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", block],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "% above the bound" in done.stdout


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


def test_what_other_commands_recorded_stays_on_the_page_of_priced():
    text = page.PAGE.read_text(encoding="utf-8")
    kept = page.recorded(text)
    assert kept.startswith(page.RECORDED) and text.endswith(kept) and kept.count("\n## ") == 2
    assert page.recorded("nothing of others") == ""

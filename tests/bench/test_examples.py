"""Every example runs as its first lines say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SITES = "SITE_ID,LATITUDE,LONGITUDE\n1,-37.815,144.974\n2,-37.812,144.960\n3,-37.818,144.955\n"
USERS = "Latitude,Longitude\n" + "".join(f"{-37.81 - k / 4000},144.9{60 + k}\n" for k in range(20))


def run(name, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(EXAMPLES / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "name, arguments, says",
    [
        ("quick_start", (), "mean objective over 100 slots: 28"),
        ("parallel_loop", (), "last slot: objective"),
        ("sb3_ppo", ("256",), "local: objective 60.00"),
        ("sb3_td3_scores", ("250",), "td3: objective"),
        ("supersuit_sharing", ("1280",), "mean saving against all local"),
        ("distributed_inference", ("0",), "1000 of 1000 decisions equal the library's"),
        ("priced_servers", (), "500 of 500 actions equal the library's"),
        ("torchrl_ppo", ("1000",), "reward 0."),
        ("others/cleanrl_ppo", ("1024",), "objective 4"),
        ("far_sight", (), "hindsight                    0.0"),
    ],
)
def test_example_runs(name, arguments, says):
    assert says in run(name, *arguments)


def test_city_example_runs(tmp_path):
    (tmp_path / "sites.csv").write_text(SITES)
    (tmp_path / "users.csv").write_text(USERS)
    out = run("city_from_csv", str(tmp_path / "sites.csv"), str(tmp_path / "users.csv"))
    assert out.startswith("3 sites, 20 users on ")
    assert "greedy: objective" in out


@pytest.mark.parametrize("name", ["follow-me", "harvest"])
def test_film_example_writes_a_small_film(name, tmp_path):
    pytest.importorskip("moviepy")
    out = run("film", name, str(tmp_path / "film.mp4"), "5")
    assert "film.mp4: 6 frames, 0.0" in out
    assert 1_000 < (tmp_path / "film.mp4").stat().st_size < 1_500_000 / 10


def test_examples_are_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}
    assert len(lengths) >= 6
    assert max(lengths.values()) <= 40, lengths

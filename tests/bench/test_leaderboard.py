"""The leaderboard's command line."""

import json
from pathlib import Path

import gymnasium
import pytest

from mec_bench import commands
from mec_bench.scores import scores_of


def records(folder):
    found = [json.loads(file.read_text()) for file in (folder / "cells").glob("*.json")]
    return {(r["suite"], r["learner"]): r for r in found}


def test_runs_prints_and_verifies(tmp_path, capsys):
    arguments = [
        "--worlds",
        "2",
        "--slots",
        "3",
        "--learners",
        "local,greedy",
        "--out",
        str(tmp_path),
    ]
    commands.main(arguments)
    text = capsys.readouterr().out
    assert "2 worlds of 2 x 3 slots" in text and "paper-large-v1" in text
    # Best first.
    assert text.index("greedy") < text.index("local")
    kept = records(tmp_path)
    assert len(kept) == 4
    assert (tmp_path / "leaderboard.html").is_file() and (tmp_path / "leaderboard.md").is_file()
    best, last = (kept["square-km-v1", name] for name in ("greedy", "local"))
    assert scores_of(best).mean("objective") < scores_of(last).mean("objective")
    assert best["provenance"]["command"].startswith("python -m mec_bench leaderboard --worlds 2")
    files = sorted(map(str, (tmp_path / "cells").glob("*.json")))
    commands.main(["verify", *files])
    assert "4 hold, 0 refused" in capsys.readouterr().out
    record = json.loads(Path(files[0]).read_text())
    record["means"]["objective"][0][0] -= 1.0
    with open(files[0], "w") as file:
        json.dump(record, file)
    with pytest.raises(SystemExit) as stop:
        commands.main(["verify", *files])
    assert stop.value.code == 1
    assert "REFUSED, means.objective of world 0, episode 0" in capsys.readouterr().out


def test_force_runs_again(tmp_path):
    arguments = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "2", "--learners", "local", "--out", str(tmp_path)]  # fmt: skip
    commands.main(arguments)
    (file,) = (tmp_path / "cells").glob("*.json")
    first = file.read_text()
    commands.main(arguments)
    assert file.read_text() == first
    commands.main([*arguments, "--force"])
    assert json.loads(file.read_text())["provenance"]["command"].endswith("--force")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--suites", "square-kn-v1"], "did you mean 'square-km-v1'"),
        (["--learners", "gredy"], "did you mean 'greedy'"),
        (["--learners", "nowhere.module:Class"], "there is no module 'nowhere.module'"),
        (["--training-slots", "0"], "--training-slots 0"),
        (["--sites", "sites.csv"], "go together"),
        (["--slots", "0"], "at least 1"),
        (["--seeds", "0"], "at least 1"),
        (["--budget", "-1"], "--budget -1.0: must be above 0"),
        (["--time-limit", "nan"], "must be above 0"),
        (["--dask", "2", "--scheduler", "tcp://127.0.0.1:1"], "one of them"),
        (["--sites", "none.csv", "--users", "none.csv"], "none.csv"),
    ],
)
def test_refuses(arguments, says, capsys):
    with pytest.raises(SystemExit) as stop:
        commands.main(arguments)
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


def test_a_folder_that_can_t_be_written_is_named_before_training(tmp_path):
    (tmp_path / "cells").touch()
    with pytest.raises(SystemExit, match="cells can't be written there"):
        commands.main(["--learners", "local", "--out", str(tmp_path)])


def test_takes_anyone_s_learner(tmp_path):
    commands.main(
        ["--suites", "paper-medium-v1", "--worlds", "2", "--slots", "3", "--training-slots", "5",
         "--learners", "local,tests.toy_learners:AlwaysLocal,tests.toy_learners:nobody_offloads,tests.toy_learners:Crash",
         "--out", str(tmp_path)]
    )  # fmt: skip
    kept = records(tmp_path)
    for name in (
        "local",
        "tests.toy_learners:AlwaysLocal",
        "tests.toy_learners:nobody_offloads",
    ):
        assert kept["paper-medium-v1", name]["means"]["objective"] == 2 * [2 * [60.0]]
    assert kept["paper-medium-v1", "tests.toy_learners:Crash"]["status"] == "failed"


def test_a_saved_model_only_with_trust(tmp_path, capsys):
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    file = str(tmp_path / "mine.zip")
    env = gymnasium.make("mec_env:MEC-v0", scenario="paper-medium")
    stable_baselines3.PPO("MlpPolicy", env, n_steps=8, seed=0, device="cpu").save(file)
    arguments = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "3", "--learners", file]
    arguments += ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        commands.main(arguments)
    assert stop.value.code == 2
    assert "holds pickles, which run code when they are loaded" in capsys.readouterr().err
    commands.main([*arguments, "--trust"])
    record = records(tmp_path / "out")["paper-medium-v1", file]
    assert record["status"] == "done", record["traceback"]
    assert record["parameter_count"] > 1000 and record["settings"]["sha256"]


def test_the_tutorial_is_short_runs_and_learns(tmp_path):
    file = Path(__file__).parents[2] / "examples" / "your_own_learner.py"
    assert len(file.read_text().splitlines()) <= 20
    # The command in its first line, on few slots.
    command = file.read_text().splitlines()[0].removeprefix("# python -m benchmarks.leaderboard ")
    small = ["--suites", "square-km-v1", "--worlds", "1", "--slots", "10", "--out", str(tmp_path)]
    commands.main([*command.split(), *small])
    kept = records(tmp_path)
    greedy, ours = (
        scores_of(kept["square-km-v1", name]).mean("gap")
        for name in ("greedy", "examples.your_own_learner:FairPrices")
    )
    assert ours < greedy / 5


def test_on_a_city(tmp_path, capsys):
    (tmp_path / "sites.csv").write_text("LATITUDE,LONGITUDE\n-37.815,144.974\n-37.812,144.960\n")
    (tmp_path / "users.csv").write_text("lat,lon\n-37.814,144.97\n-37.813,144.965\n")
    commands.main(
        ["--sites", str(tmp_path / "sites.csv"), "--users", str(tmp_path / "users.csv"),
         "--slots", "2", "--learners", "local,nearest", "--out", str(tmp_path / "city")]
    )  # fmt: skip
    assert "city: 1 worlds of 5 x 2 slots" in capsys.readouterr().out

"""The command ``mec-env``: what it prints, what it writes, how it says no."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mec_env
from mec_bench.cli import main
from mec_bench.cli.app import COMMANDS
from mec_bench.cli.described import meanings
from mec_env.scenario.scenario import Scenario

ROOT = Path(__file__).parents[2]


def _refused(arguments, capsys, code=2):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == code
    return capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["scenarios"], ["compare", "--help"]])
def test_help_and_scenarios_load_nothing_heavy(arguments):
    code = (
        "import sys; from mec_bench.cli import main\n"
        f"main({arguments})\n"
        "heavy = {'numba', 'torch', 'matplotlib', 'scipy', 'pettingzoo', 'dirs_solver'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, capsys):
    main([name, "--help"])
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_the_command_by_itself_prints_its_help_and_succeeds():
    # In a process of its own: click 8.2 and newer would end with 2.
    done = subprocess.run([sys.executable, "-m", "mec_bench"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Exit codes" in done.stdout and set(COMMANDS) <= set(done.stdout.split())


def test_scenarios_are_all_there_for_people_and_for_programs(capsys):
    main(["scenarios"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == list(
        mec_env.SCENARIOS
    )
    main(["scenarios", "--json"])
    rows = {row["scenario"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["paper-large"]["devices"] == 180
    assert rows["harvest"]["coupled by"] == "battery"


def test_an_unknown_command_and_an_unknown_scenario_name_the_nearest(capsys):
    assert "did you mean 'compare'?" in _refused(["compere"], capsys)
    assert "did you mean 'square-km'?" in _refused(["show", "square-kn"], capsys)
    assert "no-such.toml" in _refused(["show", "no-such.toml"], capsys, code=1)


def test_show_prints_the_certified_bound_of_the_sample_slot(capsys, tmp_path):
    picture = tmp_path / "slot.png"
    main(["show", "paper-medium", "--slots", "1", "--json", "--picture", str(picture)])
    found = json.loads(capsys.readouterr().out)
    suite = mec_env.Suite("one", mec_env.SCENARIOS["paper-medium"].replace(slots=1), (0,), (0,))
    slot = next(suite.slots())
    assert found["slot"]["lower_bound"] == mec_env.certify(slot).lower_bound
    assert found["slot"]["local"] == pytest.approx(slot.local_cost.sum())
    assert found["rules"]["certified"] <= min(found["rules"].values()) + 1e-9
    assert picture.read_bytes().startswith(b"\x89PNG")
    main(["show", "paper-medium", "--slots", "1"])
    text = capsys.readouterr().out
    assert f"certified bound {found['slot']['lower_bound']:.6g}" in text
    assert "bandwidth" in text
    assert "Hz" in text


def test_show_says_what_each_rule_does(capsys):
    main(["show", "paper-medium", "--slots", "2"])
    lines = capsys.readouterr().out.splitlines()
    assert "How far rules are above the bound, mean of 2 slots:" in lines
    (local,) = [line for line in lines if line.startswith("local  ")]
    assert local.endswith("%  Every device runs its own task.")


def test_a_picture_without_what_draws_it_names_the_extra(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygame", None)
    picture = str(tmp_path / "slot.png")
    said = _refused(["show", "paper-medium", "--slots", "1", "--picture", picture], capsys, code=1)
    assert said == 'Error: pictures of slots need pygame: pip install "mec-offloading[render]"\n'


def test_the_installed_command_finds_a_learner_that_lies_in_the_current_folder(tmp_path):
    (tmp_path / "here.py").write_text(
        "class Home:\n"
        "    def learn(self, scenario, seed, slots=None, progress=None):\n"
        "        return self\n"
        "    def decide(self, slot):\n"
        "        return [0] * len(slot.cycles)\n"
    )
    # A script has its own folder on the path, not the current one.
    script = tmp_path / "bin" / "mec-env"
    script.parent.mkdir()
    script.write_text("from mec_bench.cli import main\nmain()\n")
    command = "evaluate here:Home --suite paper-medium-v1 --worlds 1 --slots 2".split()
    done = subprocess.run(
        [sys.executable, str(script), *command],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 slots" in done.stdout


def test_show_judges_a_coupled_scenario_by_hindsight(capsys, tmp_path):
    file = tmp_path / "small.toml"
    mec_env.SCENARIOS["follow-me"].replace(iotds=6, mecs=2, name="small").save(file)
    main(["show", str(file), "--slots", "3", "--json"])
    gaps = json.loads(capsys.readouterr().out)["rules"]
    assert min(gaps.values()) >= 0.0


def test_a_new_file_is_the_scenario_it_began_from_with_a_meaning_for_each_field(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    main(["new", str(file), "--base", "harvest"])
    assert Scenario.load(file) == mec_env.SCENARIOS["harvest"].replace(name="mine")
    text = file.read_text("utf-8")
    for field in tomllib.loads(text):
        line = text.splitlines().index(
            next(x for x in text.splitlines() if x.startswith(f"{field} ="))
        )
        assert text.splitlines()[line - 1].startswith("# "), field
    assert "is there already" in _refused(["new", str(file)], capsys, code=1)
    main(["new", str(file), "--force"])
    assert Scenario.load(file) == mec_env.SCENARIOS["square-km"].replace(name="mine")


def test_every_field_has_a_meaning():
    known = meanings()
    assert [f for f in Scenario.__dataclass_fields__ if not known.get(f)] == []


def test_evaluate_is_what_the_library_finds(capsys):
    main(
        [
            "evaluate",
            "greedy",
            "--suite",
            "paper-medium-v1",
            "--worlds",
            "1",
            "--slots",
            "3",
            "--json",
        ]
    )
    found = json.loads(capsys.readouterr().out)
    suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, slots=3)
    assert found["objective"] == mec_env.evaluate(mec_env.RULES["greedy"](), suite).objective.mean()
    main(["evaluate", "local", "--scenario", "paper-medium", "--worlds", "1", "--slots", "2"])
    assert "gap" in capsys.readouterr().out
    assert "--suite" in _refused(["evaluate", "greedy"], capsys)
    assert "did you mean 'greedy'?" in _refused(
        ["evaluate", "gredy", "--suite", "paper-medium-v1"], capsys
    )


def test_bench_prints_rates(capsys, monkeypatch):
    monkeypatch.setattr("mec_bench.cli.bench.SECONDS", 0.01)
    main(["bench", "--scenario", "paper-medium", "--num-envs", "2", "--json"])
    rates = json.loads(capsys.readouterr().out)["slots_per_second"]
    assert len(rates) == 3
    assert all(rate > 0.0 for rate in rates.values())


def test_completion_is_a_script_that_names_the_command(capsys):
    main(["completion", "bash"])
    assert "_MEC_ENV_COMPLETE=bash_complete" in capsys.readouterr().out


def test_without_click_one_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['click'] = None\n"
        "from mec_bench.cli import main; main(['scenarios'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == 'mec-env needs click: pip install "mec-offloading[bench]"\n'

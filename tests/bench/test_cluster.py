"""A cluster of separate programs: only the wheel installed there, workers and schedulers that die."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

import mec_env
from mec_bench import census, crew
from mec_bench.cell import Cell
from mec_bench.store import Store
from mec_bench.sweep import cluster, sweep
from tests.bench.conftest import clean, environment
from tests.bench.test_sweep import CIRCUMSTANCES

SUITE = mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=3)
#: A user's own module, on the workers' path. A seed's cell says who runs it, and waits for its file to go.
MINE = '''"""A learner of one's own."""
import os, time
from pathlib import Path
import mec_env

class Waits:
    name, information = "waits", "global"
    def learn(self, scenario, seed, slots=None, progress=None):
        board = Path(__file__).parent
        (board / f"runs-{seed}-{os.getpid()}").touch()
        while (board / f"wait-{seed}").exists():
            time.sleep(0.05)
        return mec_env.RULES["random"]()
'''


def asking(workers):
    """An ``ask`` of workers that answer as they are written down."""

    def ask(function, *arguments, workers):
        return {w: answers[w][function.__name__] for w in workers}

    answers = workers
    return ask


def test_each_unfit_worker_is_told_what_to_do():
    python = ".".join(map(str, sys.version_info[:3]))
    good = {"python_version": python, "resolve_name": mec_env.__version__, "lacking": None}
    good["code"] = census.code()
    workers = {
        "tcp://a:1": good,
        "tcp://b:1": {"python_version": "3.9.1"},
        "tcp://c:1": {**good, "resolve_name": ModuleNotFoundError("No module named 'mec_env'")},
        "tcp://d:1": {**good, "resolve_name": "0.0.1"},
        "tcp://e:1": {**good, "code": "0123456789abcdef"},
        "tcp://f:1": {**good, "code": ModuleNotFoundError("mec_bench.census")},
        "tcp://g:1": {**good, "lacking": census.lacking([("nowhere:Class", False)])},
    }
    found = census.look(asking(workers), list(workers), [("nowhere:Class", False)])
    assert found["tcp://a:1"] is None
    assert found["tcp://b:1"].startswith("runs Python 3.9.1 and this is 3.")
    assert (
        found["tcp://c:1"] == f"lacks mec-offloading: install version {mec_env.__version__} there"
    )
    assert found["tcp://d:1"].startswith("has mec-offloading 0.0.1 and this is ")
    assert found["tcp://e:1"].startswith("has other code under the same version")
    assert found["tcp://f:1"] == found["tcp://e:1"]
    assert "there is no module 'nowhere'" in found["tcp://g:1"]
    # One that is gone when it is asked is not spoken of.
    assert census.look(lambda *_, workers: {}, ["tcp://h:1"], []) == {}
    says = census.sentence({w: why for w, why in found.items() if why})
    assert says == f"worker tcp://b:1 {found['tcp://b:1']}; 5 more lack something else"


def test_a_learner_s_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    for name in [n for n in sys.modules if n.startswith("dirs_solver.plugins.sb3.learners")]:  # fmt: skip
        monkeypatch.delitem(sys.modules, name)
    assert census.lacking([("greedy", False)]) is None
    assert 'pip install "mec-offloading[sb3]"' in census.lacking([("greedy", False), ("sb3-ppo", False)])  # fmt: skip


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere.invalid:8786", "tcp://:port"])
def test_a_scheduler_that_is_not_there_is_one_sentence(address, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(crew, "ANSWER", 0.5)
    with pytest.raises(ConnectionError, match="no scheduler answers at") as error:
        sweep([Cell("local", SUITE)], Store(tmp_path), cluster(address), "c")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@contextmanager
def programs():
    """A function that starts programs, which are killed at the end."""
    started = []

    def start(*command, cwd, log, **environment):
        with open(cwd / log, "w") as out:
            how = dict(cwd=cwd, env=clean(**environment), stdout=out, stderr=subprocess.STDOUT)
            # Of a group of its own: a nanny's worker goes with it.
            started.append(subprocess.Popen([str(c) for c in command], start_new_session=True, **how))  # fmt: skip
        return started[-1]

    try:
        yield start
    finally:
        for program in started:
            end(program)


def end(program):
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def until(holds, *others, limit=600.0):
    """Wait for it, and complain of a program that ended in the meantime."""
    deadline = time.monotonic() + limit
    while not (found := holds()):
        assert time.monotonic() < deadline
        assert all(other.poll() is None for other in others)
        time.sleep(0.1)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def numbers(out):
    """Cells of a run, byte for byte, but for when and where they were run."""
    found = {}
    for file in sorted((out / "cells").iterdir()):
        content = file.read_bytes()
        if file.suffix == ".json":
            record = json.loads(content)
            content = json.dumps({k: v for k, v in record.items() if k not in CIRCUMSTANCES})
        found[file.name] = content
    return found


class Place:
    """A folder with a user's module, and commands in it."""

    def __init__(self, folder, start, python):
        self.folder, self._start, self._python = folder, start, python
        (folder / "mine.py").write_text(MINE)
        # Where the cluster is started, and nothing of ours lies.
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.address = f"tcp://127.0.0.1:{free_port()}"

    def scheduler(self):
        port = self.address.rpartition(":")[2]
        command = ["-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", port]
        return self._start(self._python, *command, "--no-dashboard", cwd=self.elsewhere, log="scheduler.log")  # fmt: skip

    def worker(self, name, python=None, path=None, threads=1):
        command = ["-m", "dask", "worker", self.address, "--no-dashboard", "--nthreads", threads]
        path = str(self.folder if path is None else path)
        return self._start(python or self._python, *command, cwd=self.elsewhere, log=name, PYTHONPATH=path)  # fmt: skip

    def command(self, log, *more):
        """A sweep of three cells that wait as they are told and one that doesn't."""
        small = ["--suites", "paper-medium-v1", "--worlds", "1", "--slots", "3", "--seeds", "3"]
        command = [self._python, "-m", "mec_bench", "leaderboard", *small]
        command += ["--learners", "local,mine:Waits", *more]
        return self._start(*command, cwd=self.folder, log=log, PYTHONPATH=str(self.folder))

    def said(self, log):
        return (self.folder / log).read_text()

    def wait(self, *seeds):
        for seed in seeds:
            (self.folder / f"wait-{seed}").touch()

    def go(self, *seeds):
        for seed in seeds:
            (self.folder / f"wait-{seed}").unlink(missing_ok=True)

    def runs(self, seed):
        """Process ids of the workers that began a seed's cell."""
        return {int(f.name.rpartition("-")[2]) for f in self.folder.glob(f"runs-{seed}-*")}

    def forget(self):
        for file in self.folder.glob("runs-*"):
            file.unlink()


@pytest.mark.slow
def test_killed_workers_and_schedulers_change_no_number(wheel_python, tmp_path):
    pytest.importorskip("distributed")
    with programs() as start:
        here = Place(tmp_path, start, wheel_python)
        assert here.command("one.log", "--jobs", "1", "--out", "one").wait(1800) == 0
        expected = numbers(tmp_path / "one")
        assert len(expected) == 8

        here.forget()
        here.wait(0, 1, 2)
        scheduler, workers = here.scheduler(), [here.worker(f"worker-{k}.log") for k in range(2)]
        there = ["--scheduler", here.address, "--out", "two"]
        run = here.command("two.log", *there)
        # Both hold a cell; one of them is killed, and the cell is begun by another.
        until(lambda: here.runs(0) and here.runs(1), run, scheduler, *workers)
        (killed,) = here.runs(0)
        os.kill(killed, signal.SIGKILL)
        until(lambda: here.runs(0) - {killed}, run, scheduler)
        here.go(0)
        cells = tmp_path / "two" / "cells"
        until(lambda: list(cells.glob("*--mine-Waits--s0--*.json")), run)
        before = {file: file.read_bytes() for file in cells.iterdir()}
        end(scheduler)
        assert run.wait(60) == 1
        said = here.said("two.log")
        assert "Traceback" not in said
        last = said.splitlines()[-1]
        assert last.startswith(
            f"leaderboard: the scheduler at {here.address} is gone: 2 of 4 cells"
        )
        assert last.endswith("the same command with a scheduler that is there runs the others")
        for worker in workers:
            end(worker)

        here.go(1, 2)
        here.forget()
        here.scheduler()
        workers = [here.worker(f"new-worker-{k}.log") for k in range(2)]
        assert here.command("again.log", *there).wait(1800) == 0, here.said("again.log")
        assert all(file.read_bytes() == content for file, content in before.items())
        assert not here.runs(0) and here.runs(1) and here.runs(2)
        assert numbers(tmp_path / "two") == expected


@pytest.mark.slow
def test_a_worker_without_the_package_is_named_and_gets_no_cell(wheel_python, tmp_path):
    pytest.importorskip("distributed")
    bare = environment(tmp_path / "bare")
    old = tmp_path / "old"
    (old / "mec_env").mkdir(parents=True)
    (old / "mec_env" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    with programs() as start:
        here = Place(tmp_path, start, wheel_python)
        here.scheduler()
        there = ["--scheduler", here.address, "--out", "out"]
        lacking = here.worker("lacking.log", python=bare)
        assert here.command("lacking-said.log", *there).wait(900) == 1
        said = here.said("lacking-said.log")
        assert f"lacks mec-offloading: install version {mec_env.__version__} there" in said
        assert "Traceback" not in said and said.count("tcp://127.0.0.1:") == 1
        end(lacking)
        outdated = here.worker("outdated.log", python=bare, path=old)
        assert here.command("outdated-said.log", *there).wait(900) == 1
        assert "has mec-offloading 0.0.1 and this is" in here.said("outdated-said.log")
        end(outdated)
        # It can make this package's learners, not the user's own.
        elsewhere = here.worker("elsewhere.log", path=old.parent / "none")
        assert here.command("elsewhere-said.log", *there).wait(900) == 1
        assert "can't make a learner, learner = 'mine:Waits'" in here.said("elsewhere-said.log")
        assert not list((tmp_path / "out" / "cells").glob("*.json"))
        end(elsewhere)

        # One that comes late is passed over; two threads are one cell at a time.
        here.wait(0)
        fit = here.worker("fit.log", threads=2)
        run = here.command("late-said.log", *there)
        until(lambda: here.runs(0), run, fit)
        here.worker("late.log", python=bare)
        until(lambda: "it gets no cells" in here.said("late-said.log"), run, fit)
        assert not here.runs(1)
        here.go(0)
        assert run.wait(900) == 0, here.said("late-said.log")
        said = here.said("late-said.log")
        assert "has 2 threads and runs one cell at a time" in said
        assert said.count("lacks mec-offloading") == 1
        records = [json.loads(f.read_text()) for f in (tmp_path / "out" / "cells").glob("*.json")]
        assert [record["status"] for record in records] == 4 * ["done"]

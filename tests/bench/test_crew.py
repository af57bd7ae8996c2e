"""Who of a cluster gets cells, with workers that are written down."""

import sys
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

import mec_env
from mec_bench import census, crew
from mec_bench.cell import Cell
from mec_bench.crew import Crew, SchedulerLost, WorkerDied
from mec_bench.store import Store
from mec_bench.sweep import sweep


def worker(**other):
    """What a fit worker answers, but for ``other``."""
    fit = {"python_version": ".".join(map(str, sys.version_info[:3])), "code": census.code(), "lacking": None}  # fmt: skip
    return {**fit, "package": mec_env.__version__, "numpy": sys.modules["numpy"].__version__, **other}  # fmt: skip


class Task(Future):
    """What a client hands out for a call: a Future with a word for how it stands."""

    def __init__(self, place):
        super().__init__()
        (self.place,) = place

    @property
    def status(self):
        return "cancelled" if self.cancelled() else "finished"


class Client:
    """A scheduler's client whose workers are a dict of what they answer."""

    def __init__(self, **workers):
        self.status, self.workers, self.threads, self.tasks = "running", workers, {}, []

    def nthreads(self):
        return {name: self.threads.get(name, 1) for name in self.workers}

    def run(self, function, *arguments, workers, on_error):
        assert on_error == "return"
        key = function.__name__
        if key == "resolve_name":
            key = "package" if arguments[0].startswith("mec_env:") else "numpy"
        return {name: self.workers[name][key] for name in workers}

    def submit(self, function, *arguments, workers, pure):
        self.tasks.append(Task(workers))
        return self.tasks[-1]


def test_each_worker_has_one_cell_at_a_time_whatever_its_threads(capsys):
    client = Client(a=worker(), b=worker())
    client.threads["b"] = 8
    made = Crew(client, [], "here")
    says = "cluster: worker b has 8 threads and runs one cell at a time"
    assert says in capsys.readouterr().err
    assert made.room() == 2
    made.submit(len, "")
    made.submit(len, "")
    assert {task.place for task in client.tasks} == {"a", "b"}
    # The next goes to the one that is done.
    next(task for task in client.tasks if task.place == "b").set_result(0)
    assert made.room() == 2
    made.submit(len, "")
    assert client.tasks[-1].place == "b"


def test_a_worker_that_lacks_something_at_first_refuses_the_sweep():
    lacking = worker(package=ModuleNotFoundError("mec_env"))
    with pytest.raises(ImportError, match=r"^worker b \(and 1 more alike\) lacks mec-offloading: "):
        Crew(Client(a=worker(), b=lacking, c=lacking), [], "here")


def test_one_that_comes_late_is_named_once_and_passed_over(capsys, monkeypatch):
    client = Client(a=worker())
    made = Crew(client, [], "here")
    client.workers["b"] = worker(lacking="learner 'x' needs y")
    client.workers["c"] = worker(numpy="1.0.0")
    assert (made.room(), made.room()) == (2, 2)
    said = capsys.readouterr().err
    assert said.count("worker b can't make a learner, learner 'x' needs y; it gets no cells") == 1
    assert "worker c has numpy 1.0.0" in said
    for _ in range(2):
        made.submit(len, "")
    assert {task.place for task in client.tasks} == {"a", "c"}
    # Alone for long, it ends the sweep; a cluster without any worker is waited for.
    del client.workers["a"], client.workers["c"]
    assert made.room() == 0
    monkeypatch.setattr(crew, "PATIENCE", 0.0)
    with pytest.raises(ImportError, match="worker b can't make a learner"):
        made.room()
    del client.workers["b"]
    assert made.room() == 0
    client.workers["d"] = worker()
    assert made.room() == 1


def test_a_cell_whose_worker_is_gone_is_handed_back():
    client = Client(a=worker(), b=worker())
    made = Crew(client, [], "here")
    promises = {}
    for _ in range(2):
        promise = made.submit(len, "")
        promises[client.tasks[-1].place] = promise
    del client.workers["a"]
    assert made.room() == 1
    with pytest.raises(WorkerDied, match="worker a is gone"):
        promises["a"].result(0)
    assert client.tasks[0].cancelled() and not promises["b"].done()
    # What it still answers changes nothing; an error of the call is the promise's.
    client.tasks[1].set_exception(ModuleNotFoundError("no module"))
    with pytest.raises(ModuleNotFoundError):
        promises["b"].result(0)


@pytest.mark.parametrize("how", ["closed", "cancelled", "no answer"])
def test_a_scheduler_that_is_gone_ends_the_sweep(how, monkeypatch):
    client = Client(a=worker())
    made = Crew(client, [], "tcp://here:8786")
    promise = made.submit(len, "")
    if how == "closed":
        client.status = "connecting"
    elif how == "cancelled":
        client.tasks[0].cancel()
    else:
        monkeypatch.setattr(client, "nthreads", lambda: (_ for _ in ()).throw(OSError("broken")))
    with pytest.raises(SchedulerLost, match="the scheduler at tcp://here:8786 is gone"):
        made.room()
    assert not promise.done()


def test_no_worker_yet_is_said(capsys):
    made = Crew(Client(), [], "here")
    assert "no worker has joined here yet: waiting for one" in capsys.readouterr().err
    assert made.room() == 0


def test_what_no_worker_can_import_is_not_called_a_death(tmp_path):
    @contextmanager
    def workers(cells):
        class Executor:
            def submit(self, *_):
                future = Future()
                future.set_exception(ModuleNotFoundError("No module named 'mine'"))
                return future

        yield Executor(), lambda: 2

    cell = Cell("local", mec_env.SUITES["paper-medium-v1"].only(worlds=1, episodes=1, slots=3))
    assert sweep([cell], Store(tmp_path), workers, "c") == [cell]
    says = "no worker could run it, in 3 attempts (ModuleNotFoundError: No module named 'mine')"
    assert Store(tmp_path).read()[cell.name]["error"] == says

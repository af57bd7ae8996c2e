"""PSO and DE of pymoo as learners that learn nothing: a search for each slot's decision.

The paper takes particle swarm optimisation for its near-optimal reference, with differential
evolution beside it (section V-D, Table V: 1.86 and 1.87 s a slot at 200 devices and 10 servers). It
does not give populations or generations. Its search moves decisions, powers and CPU shares alike.
Ours moves decisions alone, since the others have closed forms given a decision
(``mec_env.physics.cost``): a smaller space, so the stronger baseline.

Each device has one coordinate in [0, 1], cut into as many equal parts as it has options. With the
encoding ``useful`` the options are those that can be part of an optimum: running locally, and
servers that cost the device no more than that when it is alone on them. They are sorted by that
cost, so that neighbouring values are options of similar cost. With ``index`` they are all options,
0 to M.
"""

import json
import time

import numpy as np
from pymoo.algorithms.soo.nonconvex import de, pso
from pymoo.core.problem import Problem
from pymoo.core.repair import Repair
from pymoo.core.sampling import Sampling
from pymoo.core.termination import NoTermination

from dirs_solver.shared.tuned import settings_of
from mec_env import checks
from mec_env.draws.streams import seed_key
from mec_env.judging.rules import training_slots
from mec_env.optimum.moves import costs_of
from mec_env.optimum.problem import problem_of
from mec_env.whole_file import write_text


def _useful(alone):
    # A server may only cost more when others are on it too.
    return (alone <= alone[:, :1]).sum(axis=1), np.argsort(alone, axis=1, kind="stable")


def _index(alone):
    devices, options = alone.shape
    return np.full(devices, options), np.tile(np.arange(options), (devices, 1))


#: Of the costs (N, M + 1) alone: how many options a device's coordinate stands for, and which.
ENCODINGS = {"useful": _useful, "index": _index}


def _random(alone, count, options):
    return None


def _cheapest(alone, count, options):
    return (np.take_along_axis(alone, options, axis=1).argmin(axis=1) + 0.5) / count


#: First member (N,) of the first population, None where all are drawn.
STARTS = {"random": _random, "cheapest": _cheapest}


class Decisions(Problem):
    """A slot's decisions as pymoo's problem: N coordinates in [0, 1], one objective.

    Parameters
    ----------
    slot : mec_env.Slot
    settings : dict
        ``encoding``, and ``start``: ``random`` or ``cheapest``, by which one member of the
        first population has each device where it costs least when alone.
    bounded : bool
        Whether the algorithm is to keep to the bounds by its own means.
    """

    def __init__(self, slot, settings, bounded):
        self.costs = problem_of(slot)
        link, local, weight, congestion = self.costs
        alone = np.column_stack([local, link + congestion * weight[:, None] ** 2])
        self.count, self.options = ENCODINGS[settings["encoding"]](alone)
        self.first = STARTS[settings["start"]](alone, self.count, self.options)
        self.bounded = bounded
        super().__init__(n_var=len(local), n_obj=1, xl=0.0, xu=1.0)

    def has_bounds(self):
        """What pymoo's algorithms ask before they repair by themselves."""
        return self.bounded

    def decode(self, x):
        """Decisions (P, N) int64 of coordinates (P, N)."""
        part = np.minimum((x * self.count).astype(np.int64), self.count - 1)
        return self.options[np.arange(self.n_var), part]

    def _evaluate(self, x, out, *args, **kwargs):
        out["F"] = np.empty(len(x))
        costs_of(tuple(self.costs), self.decode(x), out["F"])


class Start(Sampling):
    """The first population: uniform, or with the problem's own first member."""

    def _do(self, problem, n_samples, *args, random_state=None, **kwargs):
        x = random_state.random((n_samples, problem.n_var))
        if problem.first is not None:
            x[0] = problem.first
        return x


class Reflect(Repair):
    """Coordinates beyond [0, 1] go back inside by as much as they were beyond it."""

    def _do(self, problem, x, **kwargs):
        x = np.mod(x, 2.0)
        return np.minimum(x, 2.0 - x)


class SearchPolicy:
    """A search for the decision of each slot, from a population of its own.

    Parameters
    ----------
    algorithm : callable
        ``algorithm(settings, seed)`` makes pymoo's.
    bounded : bool
        See :class:`Decisions`.
    settings : dict
        As in the learner's settings file. The search ends after ``generations``, the first
        population included, or after ``time_limit`` [s] of wall clock: before the generation
        that would take it beyond, if as long as the last one. The first population is
        evaluated whatever the limit.
    seed : int
    """

    information = "global"

    def __init__(self, algorithm, bounded, settings, seed=0):
        self._algorithm, self._bounded, self._settings = algorithm, bounded, settings
        self.reset(seed)

    def reset(self, seed):
        """Start the random numbers that belong to a seed, an integer of 0 or more."""
        self._seed, self._slots = checks.integer("seed", seed, 0), 0

    def prepare(self, scenario):
        """Decide one training slot, so that compiling is not taken from a slot's time."""
        self.search(next(training_slots(scenario, 1)), 0)

    def decide(self, slot):
        """Best decision (N,) int64 found for a :class:`mec_env.Slot`."""
        decision, _ = self.search(slot, self._slots)
        self._slots += 1
        return decision

    def search(self, slot, number):
        """Best decision (N,) int64 found, and its objective.

        ``number`` names the random numbers: another slot, other numbers.
        """
        began = time.perf_counter()
        generations = self._settings.get("generations", np.inf)
        limit = self._settings.get("time_limit", np.inf)
        problem = Decisions(slot, self._settings, self._bounded)
        algorithm = self._algorithm(self._settings, [self._seed, number])
        algorithm.setup(problem, termination=NoTermination())
        done, last = 0, 0.0
        now = time.perf_counter() - began
        while done == 0 or (done < generations and now + last <= limit):
            algorithm.next()
            done += 1
            before, now = now, time.perf_counter() - began
            last = now - before
        best = algorithm.opt[0]
        return problem.decode(best.X[None])[0], float(best.F[0])


class Metaheuristic:
    """A learner whose policy searches; its settings are all that there is to save.

    Parameters
    ----------
    settings : dict, optional
        In place of the chosen ones, ``settings/NAME.toml``. ``time_limit`` [s] a slot or
        ``generations`` ends the search; one that is given alone takes the other's place.

    Raises
    ------
    ValueError
        For a setting that is unknown or not allowed.
    """

    information = "global"
    #: What ends a search: a file has one of them, and knows both.
    ends = ("generations", "time_limit")
    #: Fewest members that the algorithm can work with.
    fewest = 2
    bounded = True

    def __init__(self, settings=None):
        self.settings = settings_of(self.name, settings, self.ends)
        given = [end for end in self.ends if end in (settings or {})]
        if given:
            self.settings = {
                k: v for k, v in self.settings.items() if k not in self.ends or k in given
            }
        checks.integer("population", self.settings["population"], self.fewest)
        if "generations" in self.settings:
            checks.integer("generations", self.settings["generations"], 1)
        if "time_limit" in self.settings:
            checks.number("time_limit", self.settings["time_limit"], " s")
        checks.known("encoding", self.settings["encoding"], ENCODINGS)
        checks.known("start", self.settings["start"], STARTS)
        self.policy = self._policy(0)

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """The policy, which knows nothing of the scenario; ``reset`` starts it anew."""
        seed_key(seed)
        self.policy = self._policy(seed)
        return self.policy

    def save(self, path):
        """Write the settings as JSON, whole or not at all."""
        record = {"learner": self.name, "settings": self.settings}
        write_text(path, json.dumps(record, indent=1))

    @classmethod
    def load(cls, path):
        """The learner of a file.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            In one sentence, for a file that is not this learner's.
        """
        try:
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
            name, settings = found["learner"], dict(found["settings"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}: not a file of a search's settings") from None
        if name != cls.name:
            raise ValueError(f"{path}: holds {name!r}, must be a file of {cls.name!r}")
        return cls(settings)

    def _policy(self, seed):
        return SearchPolicy(self.algorithm, self.bounded, self.settings, seed)


class PSO(Metaheuristic):
    """Particle swarm optimisation (Kennedy and Eberhart), each slot anew."""

    name = "pso"
    # pymoo would draw a particle that is outside anywhere 20 times over, then at random: with
    # a coordinate per device one of them nearly always is.
    bounded = False

    @staticmethod
    def algorithm(settings, seed):
        """pymoo's PSO: ``inertia`` w, ``cognitive`` c1, ``social`` c2, ``velocity`` at most."""
        return pso.PSO(
            pop_size=settings["population"],
            sampling=Start(),
            w=settings["inertia"],
            c1=settings["cognitive"],
            c2=settings["social"],
            max_velocity_rate=settings["velocity"],
            adaptive=settings["adaptive"],
            repair=Reflect(),
            seed=seed,
        )


class DE(Metaheuristic):
    """Differential evolution (Storn and Price), each slot anew."""

    name = "de"
    fewest = 4

    @staticmethod
    def algorithm(settings, seed):
        """pymoo's DE: its ``variant``, ``factor`` F and ``crossover`` CR."""
        return de.DE(
            pop_size=settings["population"],
            sampling=Start(),
            variant=settings["variant"],
            F=settings["factor"],
            CR=settings["crossover"],
            seed=seed,
        )


class PSO10ms(PSO):
    """PSO for 10 ms of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "pso-10ms"


class PSO100ms(PSO):
    """PSO for 100 ms of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "pso-100ms"


class PSO1s(PSO):
    """PSO for 1 s of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "pso-1s"


class DE10ms(DE):
    """DE for 10 ms of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "de-10ms"


class DE100ms(DE):
    """DE for 100 ms of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "de-100ms"


class DE1s(DE):
    """DE for 1 s of wall clock a slot: not deterministic, the machine's speed decides."""

    name = "de-1s"

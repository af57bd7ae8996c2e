"""evaluate(policy, suite): a policy's objective in each slot, on slots that all policies share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mec_env.judging.intervals import interval
from mec_env.judging.playing import Judged, is_local
from mec_env.judging.suite import Suite, resolve_suite
from mec_env.judging.summary import table
from mec_env.optimum.certificate import Certificate, certify
from mec_env.optimum.hindsight.certificate import hindsight


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A policy's record on a suite; arrays (S,), in the order of the suite's slots.

    If the suite scores whole episodes, S is the number of episodes. Objectives, bounds, times,
    energies and seconds are then sums over the slots of an episode.

    Attributes
    ----------
    suite : Suite
    objective : (S,) float64
    lower_bound : (S,) float64
        Certified: no decision for the slot costs less.
    best : (S,) float64
        Objective of the best decision known for the slot.
    time, energy : (S,) float64
        Sums over devices [s], [J].
    offloaded : (S,) float64
        Share of devices that offload.
    seconds : (S,) float64
        Wall time of the decision [s].
    decision : (slots, N) uint8, or uint16 where there are more than 255 servers
        0 runs locally, j on server j.
    exchanged : (S,) float64, optional
        Numbers that agents sent each other besides their actions [bytes].
    """

    suite: Suite
    objective: np.ndarray
    lower_bound: np.ndarray
    best: np.ndarray
    time: np.ndarray
    energy: np.ndarray
    offloaded: np.ndarray
    seconds: np.ndarray
    decision: np.ndarray
    exchanged: np.ndarray | None = None

    def __repr__(self):
        means = self.objective.mean(), 100.0 * self.gap.mean()
        scored = f"{self.objective.size} {self.suite.unit}{'s' if self.objective.size > 1 else ''}"
        return "Evaluation({}: {}, mean objective {:.6g}, mean gap {:.3g} %)".format(
            self.suite.name, scored, *means
        )

    def summary(self) -> str:
        """A table as text: the mean of each world, the mean of all worlds, its bootstrap interval.

        Objective, gap [%], NRR, time [s], energy [J] and share of devices that offload [%].

        Returns
        -------
        str
        """
        return table(self)

    @property
    def gap(self) -> NDArray[np.float64]:
        """Upper bound on the distance from the optimum, (objective - bound) / bound, (S,)."""
        return self.objective / self.lower_bound - 1.0

    @property
    def nrr(self) -> NDArray[np.float64]:
        """Normalised reward rate against the certified bound, bound / objective, (S,)."""
        return self.lower_bound / self.objective

    @property
    def nrr_paper(self) -> NDArray[np.float64]:
        """The paper's NRR, reward over best reward known, (S,).

        The paper takes PSO's reward as the best. Here the best is the reward of the reference
        decision.
        """
        return self.best / self.objective

    def interval(
        self, values: ArrayLike | None = None, confidence: float = 0.95
    ) -> tuple[float, float, float]:
        """Mean of ``values`` (S,), the objective by default, with its bootstrap interval.

        Whole worlds are redrawn, since slots of one world are alike. If the suite has a single
        world, its episodes are redrawn instead.

        Returns
        -------
        mean, low, high : float
        """
        return interval(self.suite, self.objective if values is None else values, confidence)

    def minus(self, other: "Evaluation") -> tuple[float, float, float]:
        """Paired difference between the objectives of two evaluations on the same slots.

        Returns
        -------
        mean, low, high : float
            This evaluation minus the other; below 0 this one is better.
        """
        if self.suite != other.suite:
            raise ValueError(
                f"evaluations on {self.suite.name!r} and {other.suite.name!r}: "
                "only those on the same suite can be paired"
            )
        return self.interval(self.objective - other.objective)


def join(suite, evaluations):
    """One Evaluation of a suite from the Evaluations of its worlds, in order.

    It serves policies that are learned for one world. Each policy is judged on its own world
    (``suite.world(k)``), and the suite's record joins these Evaluations.
    """
    parts = [vars(evaluation) for evaluation in evaluations]
    columns = [key for key, values in parts[0].items() if key != "suite" and values is not None]
    return Evaluation(suite, **{key: np.concatenate([p[key] for p in parts]) for key in columns})


def evaluate(
    policy: object,
    suite: Suite | str,
    progress: Callable[[int], object] | None = None,
    bounds: Sequence[ArrayLike] | None = None,
    seed: int = 0,
) -> "Evaluation":
    """Judge a policy on a suite.

    Parameters
    ----------
    policy : object, or (slots, N) array
        An array holds decisions that were made before. An object has one of three methods.

        ``decide(slot) -> decision`` is for rules and solvers; they see the whole
        :class:`mec_env.Slot`.

        ``act(observation) -> action`` is for policies that see the whole observation. Without an
        attribute ``actions``, actions of floats are taken as scores and others as decisions.

        ``act(agent, observation) -> action`` is for local policies. They run through the parallel
        environment of ``agents``, by default ``servers``, so that each agent sees its own column
        alone. A local policy with ``announce(agent) -> numbers`` and ``hear(agent, numbers)``
        exchanges numbers before it acts, and their bytes are counted.

        A policy may have the attributes ``actions``, ``observe``, ``admission``, ``nominal``,
        ``span``, ``retries`` and ``broadcasts``, which are the keywords of its environment.
        ``prepare(scenario)``, if there is one, is called once per world and may draw training
        slots. ``reset(seed)``, if there is one, is called before each episode with a number of its
        own.
    suite : Suite or str
        A suite or a name of ``mec_env.SUITES``.
    progress : callable, optional
        Called with 1 after every slot.
    bounds : (lower_bound, best), optional
        Numbers per unit of score, (S,) each, from an earlier Evaluation on the same slots. By
        default a frozen suite has the bounds that ship with it. For other suites each slot is
        certified, or each episode is bounded in hindsight.
    seed : int
        0 to 2**32 - 1; it reaches policies that draw random numbers through ``reset``. The slots
        are the same for every seed.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        For an unknown suite, a policy with none of these methods, unknown ``agents``, or a decision
        that is not allowed.
    """
    judged_on = resolve_suite(suite)
    if not isinstance(policy, np.ndarray):
        is_local(policy)
    bounds = judged_on.reference() if bounds is None else bounds
    columns = {key: np.empty(judged_on.size) for key in Judged._fields}
    decisions = np.empty(
        (judged_on.size, judged_on.scenario.iotds), _smallest(judged_on.scenario.mecs)
    )
    certified: list[Certificate] = []
    by_episode = judged_on.unit == "episode"
    if bounds is None and by_episode:
        bounds = hindsight_bounds(judged_on)
    for k, played in enumerate(judged_on.play(policy, seed, slots=bounds is None)):
        if played.slot is not None:
            # Not shipped: certify, with the last slot's prices as a warm start.
            last = certified[-1].prices if certified else None
            certified.append(certify(played.slot, prices=last))
        decisions[k] = played.decision
        for key, value in zip(Judged._fields, played.outcome):
            columns[key][k] = value
        if progress is not None:
            progress(1)
    if bounds is None:
        found = [[getattr(c, key) for c in certified] for key in ("lower_bound", "objective")]
        bounds = [judged_on.per_unit(np.array(values)) for values in found]
    lower_bound, best = (np.asarray(values) for values in bounds)
    offloaded = judged_on.per_unit(columns.pop("offloaded")) / judged_on.slots_per_unit
    columns = {key: judged_on.per_unit(values) for key, values in columns.items()}
    return Evaluation(
        judged_on,
        lower_bound=lower_bound,
        best=best,
        decision=decisions,
        offloaded=offloaded,
        **columns,
    )


def hindsight_bounds(suite):
    """Bounds (S,) of a suite's episodes, and the objectives (S,) of the decisions near them."""
    found = [hindsight(episode) for episode in suite.episodes()]
    return [np.array([getattr(h, key) for h in found]) for key in ("lower_bound", "objective")]


def _smallest(mecs):
    """The smallest type that holds a decision of 0 .. mecs."""
    return np.uint8 if mecs < 256 else np.uint16

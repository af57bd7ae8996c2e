"""DIRS, Algorithm 1: imitation pre-training, online training, distributed inference."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dirs_solver.dirs import imitation
from dirs_solver.dirs.agents import Agents
from dirs_solver.dirs.policy import DIRSPolicy
from dirs_solver.dirs.refine import objective_of, refine
from dirs_solver.dirs.settings import Settings, slots_for
from dirs_solver.dirs.training import ONLINE, Trainer, TrainingSlots, load_weights
from dirs_solver.shared import files
from dirs_solver.shared.fits import same_size
from dirs_solver.shared.progress import Progress, scalar_writer
from mec_env import Scenario, certify, checks
from mec_env.draws.streams import seed_key
from mec_env.scenario.named import ScenarioLike, resolve

#: Slots whose inputs set the standardisation where there are no demonstrations: ours.
STANDARDISED = 256


class DIRS:
    """Distributed intelligent resource scheduling (Jiang, Dong, Wang, Yang, Pan).

    Each server has a network that scores the devices from the server's own channel gains. Each
    device goes to the server with its highest score if that is at least 0.5. The networks imitate
    demonstrations first, then their own votes after the Lévy flight search has improved them.

    Parameters
    ----------
    settings : Settings, optional
        The paper's by default.
    checkpoint : path, optional
        File in which the training is kept. If the file exists, :meth:`learn` goes on from it. The
        result is bit for bit that of a training that was never interrupted (on the same machine and
        number of torch threads).
    checkpoint_seconds : float
        Least time between two checkpoints; 0 saves after every update.
    tensorboard : path, optional
        Directory for TensorBoard's scalars.

    Attributes
    ----------
    policy : DIRSPolicy or None
        What was learned last.
    objectives : (slots,) float64
        Objective of the vote in each online slot (Fig. 5 draws the reciprocals).
    """

    name = "dirs"
    information = "local"

    def __init__(
        self,
        settings: Settings | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_seconds: float = 10.0,
        tensorboard: str | os.PathLike[str] | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.policy: Any = None
        self.objectives = np.empty(0)
        self._file, self._pause = checkpoint, checkpoint_seconds
        self._directory = tensorboard

    def learn(
        self,
        scenario: ScenarioLike,
        seed: int = 0,
        slots: int | None = None,
        progress: Callable[[Progress], object] | None = None,
    ) -> DIRSPolicy:
        """Algorithm 1.

        Parameters
        ----------
        scenario : mec_env.Scenario or name
        seed : int
            0 to 2**64 - 1; fixes weights, slots, demonstrations, searches and minibatches.
        slots : int, optional
            T_DRL, slots of the online training; by default 3000, 4000 or 5000 by the
            number of devices, as in the paper.
        progress : callable, optional
            Called with a :class:`dirs_solver.Progress` after every chunk of demonstrations,
            every update of the pre-training and every online training. If it returns True
            the stage ends there, and the next one at its first report.

        Returns
        -------
        DIRSPolicy

        Raises
        ------
        ValueError
            For a bad argument, or a checkpoint that is damaged or of another training.
        """
        scenario, settings = resolve(scenario), self.settings
        seed_key(seed)
        total = slots_for(scenario.iotds) if slots is None else checks.integer("slots", slots, 0)
        self._task = {
            "scenario": scenario.to_toml(), "seed": int(seed), "settings": settings.to_dict()
        }  # fmt: skip
        report = self._reporter(progress)

        # Lines 1 and 2: random agents, an empty buffer; or as an interrupted training left them.
        trainer = Trainer(scenario, settings, seed)
        self.policy = DIRSPolicy(trainer.agents, scenario, settings.admission)
        self.objectives = np.zeros(total)
        done = self._resume(trainer)

        # Offline pre-training stage, lines 3 and 4.
        if not done and not trainer.updates and not len(trainer.replay):
            count = settings.demonstrations_for(scenario.iotds)
            observations, shown = imitation.observe(scenario, seed, count or STANDARDISED)
            trainer.agents.fit_inputs(observations)
            if settings.imitation:
                decisions = imitation.demonstrate(shown, settings, seed, report)
                trainer.replay.add_demonstrations(observations[: len(decisions)], decisions)
                self._keep(trainer, done)
        if settings.imitation:
            imitation.pretrain(trainer, settings, report, lambda: self._keep(trainer, done))

        # Online distributed inference stage, lines 5 to 15.
        self.policy.refresh()
        source = TrainingSlots(scenario, seed, ONLINE, skip=done)
        for t in range(done, total):
            decision, stop = self.policy.vote(source.observation), False
            if t % settings.interval == 0:
                stop = report(self._train(trainer, source, decision, t, total))
            self.objectives[t] = source.decide(decision)
            self._keep(trainer, t + 1)
            if stop:
                self.objectives = self.objectives[: t + 1]
                break
        self._keep(trainer, len(self.objectives), at_once=True)
        return self.policy

    def _train(self, trainer, source, vote, t, total):
        """Algorithm 3: refine the vote, remember it, and train all agents."""
        settings, slot = self.settings, source.slot
        refined, least = refine(slot, vote, settings, self._task["seed"], t)
        trainer.replay.add(source.observation, refined)
        for _ in range(settings.updates):
            loss = trainer.update()
        self.policy.refresh()
        objective, bound = objective_of(slot, vote), certify(slot).lower_bound
        return Progress(
            "online", min(t + settings.interval, total), total, float(loss.mean()), objective, least, objective / bound - 1.0,
            tuple(loss.tolist()),
        )  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the policy to a file: weights, settings and the scenario."""
        if self.policy is None:
            raise ValueError("save: nothing was learned yet; call learn() first")
        arrays = {name: value.numpy() for name, value in self.policy.agents.state_dict().items()}
        files.save(path, "dirs-policy", self._task, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str], scenario: ScenarioLike = None) -> "DIRS":
        """The learner of a file, its ``policy`` ready to act.

        Parameters
        ----------
        path : path
        scenario : mec_env.Scenario or name, optional
            Scenario that the learner is meant for; a file for another number of servers or devices
            is refused.

        Raises
        ------
        ValueError
            In one sentence, for a file that is damaged or does not fit.
        """
        header, arrays = files.load(path, "dirs-policy")
        learner = cls(Settings.from_dict(header["settings"]))
        learner._task = {name: header[name] for name in ("scenario", "seed", "settings")}
        trained = Scenario.from_toml(header["scenario"])
        if scenario is not None:
            same_size(path, trained, resolve(scenario))
        hidden = learner.settings.hidden_for(trained.iotds)
        agents = Agents(trained, hidden, learner.settings.inputs)
        load_weights(agents, arrays)
        learner.policy = DIRSPolicy(agents, trained, learner.settings.admission)
        return learner

    def _resume(self, trainer):
        """Go on from the checkpoint, if there is one; the number of online slots done."""
        self._kept = time.monotonic()
        if self._file is None or not os.path.exists(self._file):
            return 0
        header, arrays = files.load(self._file, "dirs-training")
        for name, wanted in json.loads(json.dumps(self._task)).items():
            found = header[name]
            if name == "scenario" and found != wanted:
                same_size(self._file, Scenario.from_toml(found), Scenario.from_toml(wanted))
                found, wanted = (_differing(a, b) for a, b in ((found, wanted), (wanted, found)))
            elif name == "settings" and found != wanted:
                found, wanted = (
                    {k: a[k] for k in a if a[k] != b.get(k)}
                    for a, b in ((found, wanted), (wanted, found))
                )
            files.same(self._file, name, found, wanted)
        objectives = arrays.pop("objectives")
        done = int(header["slots done"])
        if done > len(self.objectives):
            raise ValueError(
                f"{self._file}: {done} slots are trained already, more than slots = {len(self.objectives)}"
            )
        self.objectives[:done] = objectives
        trainer.restore(arrays)
        return done

    def _keep(self, trainer, done, at_once=False):
        """Save a checkpoint if one is wanted and due."""
        if self._file is None or (not at_once and time.monotonic() - self._kept < self._pause):
            return
        arrays = {**trainer.arrays(), "objectives": self.objectives[:done]}
        files.save(self._file, "dirs-training", {**self._task, "slots done": done}, arrays)
        self._kept = time.monotonic()

    def _reporter(self, progress):
        callbacks = [] if progress is None else [progress]
        if self._directory is not None:
            callbacks.append(scalar_writer(self._directory))

        def report(what):
            answers = [callback(what) for callback in callbacks]  # each is told, whatever one says
            return any(answer is True for answer in answers)

        return report


class DIRSCertified(DIRS):
    """DIRS at its best: it imitates certified optima, and sees tasks where they differ.

    The gap of ``dirs`` beyond this learner's gap is due to its demonstrations and its inputs. The
    gap that remains here is due to the networks and the vote.
    """

    name = "dirs-certified"

    def __init__(self, settings=None, **options):
        best = Settings(demonstrations="certified", inputs="gains+tasks")
        super().__init__(settings or best, **options)


def _differing(text, other):
    """The lines of one TOML text that another lacks."""
    return "; ".join(line for line in text.splitlines() if line not in other.splitlines())

"""What looks on while Stable-Baselines3 trains."""

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from dirs_solver.shared.progress import Progress

#: Rows' steps over which a report's objective is a mean, at least.
RECENT = 256


class Watch(BaseCallback):
    """Keeps the training's objectives, reports them, has the actor judged, and ends it when told to.

    Parameters
    ----------
    total : int
        Slots that are asked for.
    per_slot : float
        Steps of the library in a slot: 1, or servers where each is a row.
    progress : callable or None
        Called with a :class:`dirs_solver.shared.progress.Progress` after every step of all rows.
    judge : callable
        Called before the first of every ``every`` rollouts.
    every : int

    Attributes
    ----------
    objectives : list of float
        Mean objective of the rows in each step.
    """

    def __init__(self, total, per_slot, progress, judge, every):
        super().__init__()
        self.objectives, self._total, self._progress = [], total, progress
        self._per_slot, self._judge, self._every, self._rollouts = per_slot, judge, every, 0

    def _on_rollout_start(self):
        if self._rollouts % self._every == 0:
            self._judge()
        self._rollouts += 1

    def _on_step(self):
        infos = self.locals["infos"]
        self.objectives.append(sum(info["objective"] for info in infos) / len(infos))
        if self._progress is None:
            return True
        recent = self.objectives[-max(1, RECENT // len(infos)) :]
        done = round(self.num_timesteps / self._per_slot)
        report = Progress("online", done, max(done, self._total), objective=float(np.mean(recent)))
        return self._progress(report) is not True

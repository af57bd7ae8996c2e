"""PPO and SAC by prices, trained on many worlds and sizes at once and judged on unseen ones.

``learn`` is given one scenario and trains on its family (:mod:`dirs_solver.shared.family`): other
worlds, other numbers of servers and devices, and never the scenario's own world. So a suite judges
them on a world that the training has not seen. Such worlds also decide which of the actors is kept.
In a world where it decides, a policy takes its nominal prices from training slots of that world, as
``priced`` does. Nothing else is fitted there.

Every server is a row of the library's environment (:mod:`dirs_solver.plugins.sb3.server_rows`). So
one plain network of the library serves all servers at all sizes.
"""

import math
import warnings

import numpy as np
from stable_baselines3.common.vec_env import VecNormalize

from dirs_solver.plugins.sb3.compared import ComparedRows
from dirs_solver.plugins.sb3.env import RowsVecEnv
from dirs_solver.plugins.sb3.learners import LIMIT, discount
from dirs_solver.plugins.sb3.prices import PPOPrices, SACPrices
from dirs_solver.plugins.sb3.server_rows import ServerRows
from dirs_solver.shared.family import family_of
from dirs_solver.shared.keep_best import Best
from mec_env import checks
from mec_env.laws.coupling import coupling_of

#: Worlds that actors are judged on, slots of each, and slots from one judgement to the next.
WORLDS, JUDGED, BETWEEN = 8, 128, 16384


class _Anywhere:
    """What is different of a learner by prices that trains on a family.

    Settings besides: ``worlds``, how many it trains on, and ``factors``, the least and largest that
    the scenario's own numbers of servers and devices are multiplied by. Worlds are drawn once for a
    training, for each takes a calibration.
    """

    networks = "MlpPolicy"
    own: tuple[str, ...] = ("observe", "nominal", "compare", "log_std_init", "worlds", "factors")

    def __init__(self, settings=None):
        super().__init__(settings)
        checks.known("observe", self.settings["observe"], ("features",))

    #: A file fits every scenario.
    _check_fits = staticmethod(lambda *_: None)

    def _checked_start(self, scenario, seed, start):
        self._seed = seed
        return super()._checked_start(scenario, seed, start)

    def _rows(self, count, scenario, settings):
        coupled = coupling_of(scenario) != "none"
        options = dict(self._options(), reward="cost" if coupled else settings["reward"])
        worlds = min(checks.integer("worlds", settings["worlds"], 1), count)
        family = family_of(scenario, worlds, settings["factors"], (self._seed, 0))
        batches = []
        for part, one in zip(np.array_split(np.arange(count), worlds), family):
            if settings["compare"]:
                batches.append(ComparedRows(part.size, one, settings["start"], **options))
            else:
                batches.append(RowsVecEnv(part.size, one, "prices", **options))
        return ServerRows(batches)

    def _normalised(self, rows):
        return VecNormalize(rows, gamma=discount(rows), clip_obs=LIMIT, clip_reward=math.inf)

    def _best(self, scenario, seed):
        family = family_of(scenario, WORLDS, self.settings["factors"], (seed, 1))
        return _BestOfWorlds(family, seed, self._options())


class _BestOfWorlds:
    """:class:`Best` over several worlds: mean objective as a share of running everything locally."""

    def __init__(self, scenarios, seed, options):
        self._worlds = [
            Best(one, "prices", seed, JUDGED, reward="saving", **options) for one in scenarios
        ]
        self.first = self.objective = math.inf
        self.kept = None

    def judge(self, act, copy):
        """Judge a policy, as :meth:`Best.judge` does."""
        share = 1.0 - float(np.mean([world.rewards(act).mean() for world in self._worlds]))
        if self.kept is None:
            self.first = share
        if share < self.objective:
            self.objective, self.kept = share, copy()
        return share


class PPOAny(_Anywhere, PPOPrices):
    """Proximal policy optimisation (Schulman et al. 2017), for worlds that it has not seen."""

    name = "sb3-ppo-any"

    def _model(self, env, settings, seed):
        with warnings.catch_warnings():
            # Servers of many sizes are no multiple of a minibatch: the last one is shorter.
            warnings.filterwarnings("ignore", "You have specified a mini-batch size")
            return super()._model(env, settings, seed)


class SACAny(_Anywhere, SACPrices):
    """Soft actor critic (Haarnoja et al. 2018), for worlds that it has not seen."""

    name = "sb3-sac-any"

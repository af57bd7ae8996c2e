"""Task offloading in edge computing as a standard environment with certified optima.

``import mec_env`` registers ``MEC-v0`` with Gymnasium and imports nothing heavy:
numba, pettingzoo and the rest are loaded when a name that needs them is first used.
"""

import os
from typing import TYPE_CHECKING

from gymnasium.envs.registration import register, registry

from mec_env.lazily import lazily
from mec_env.uncached import allow_uncached
from mec_env.version import __version__

if TYPE_CHECKING:
    from mec_env.judging.evaluation import Evaluation, evaluate
    from mec_env.judging.rules import RULES
    from mec_env.judging.suite import SUITES, Suite
    from mec_env.optimum.admission import admit
    from mec_env.optimum.certificate import Certificate, certify, certify_batch
    from mec_env.optimum.hindsight.certificate import HindsightCertificate, hindsight
    from mec_env.optimum.pricing import at_prices
    from mec_env.physics.outcome import Outcome, outcome
    from mec_env.physics.slot import Slot
    from mec_env.scenario.city import city_scenario
    from mec_env.scenario.named import SCENARIOS, resolve
    from mec_env.scenario.scenario import Range, Scenario
    from mec_env.scenario.trace_network import trace_scenario
    from mec_env.simulator.episode import Episode, record
    from mec_env.simulator.simulator import Simulator
    from mec_env.views.gym_env import MECEnv
    from mec_env.views.pettingzoo_env import MECParallelEnv, env, parallel_env, raw_env
    from mec_env.views.vector_env import MECVectorEnv

# Before any kernel is imported, by whatever name.
allow_uncached(os.path.dirname(__file__))

# Public name -> module that holds it; a test holds that it says what the imports above do.
_HOMES = {
    "Scenario": "scenario.scenario",
    "Range": "scenario.scenario",
    "SCENARIOS": "scenario.named",
    "resolve": "scenario.named",
    "city_scenario": "scenario.city",
    "trace_scenario": "scenario.trace_network",
    "Simulator": "simulator.simulator",
    "Episode": "simulator.episode",
    "record": "simulator.episode",
    "hindsight": "optimum.hindsight.certificate",
    "HindsightCertificate": "optimum.hindsight.certificate",
    "Slot": "physics.slot",
    "Outcome": "physics.outcome",
    "outcome": "physics.outcome",
    "MECEnv": "views.gym_env",
    "MECVectorEnv": "views.vector_env",
    "MECParallelEnv": "views.pettingzoo_env",
    "parallel_env": "views.pettingzoo_env",
    "env": "views.pettingzoo_env",
    "raw_env": "views.pettingzoo_env",
    "Certificate": "optimum.certificate",
    "certify": "optimum.certificate",
    "certify_batch": "optimum.certificate",
    "admit": "optimum.admission",
    "at_prices": "optimum.pricing",
    "RULES": "judging.rules",
    "SUITES": "judging.suite",
    "Suite": "judging.suite",
    "Evaluation": "judging.evaluation",
    "evaluate": "judging.evaluation",
}

__getattr__, __dir__, __all__ = lazily(
    __name__, {name: f"{__name__}.{home}" for name, home in _HOMES.items()}
)
__all__ = ["__version__", *__all__]

if "MEC-v0" not in registry:
    register(
        id="MEC-v0",
        entry_point="mec_env.gym_env:MECEnv",
        vector_entry_point="mec_env.vector_env:MECVectorEnv",
    )

"""Task offloading in edge computing as a standard environment with certified optima.

``import mec_env`` registers ``MEC-v0`` with Gymnasium and imports nothing heavy:
numba, pettingzoo and the rest are loaded when a name that needs them is first used.
"""

from gymnasium.envs.registration import register, registry

__version__ = "0.1.0"

# Public name -> module that holds it.
_HOMES = {
    "Scenario": "scenario",
    "Range": "scenario",
    "SCENARIOS": "scenarios",
    "resolve": "scenarios",
    "city_scenario": "city",
    "Simulator": "simulator",
    "Slot": "slot",
    "Outcome": "slot",
    "outcome": "slot",
    "MECEnv": "gym_env",
    "MECVectorEnv": "vector_env",
    "MECParallelEnv": "pettingzoo_env",
    "parallel_env": "pettingzoo_env",
    "env": "pettingzoo_env",
    "raw_env": "pettingzoo_env",
    "admit": "admission",
    "RULES": "rules",
    "SUITES": "suite",
    "Suite": "suite",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
}

__all__ = ["__version__", *_HOMES]

if "MEC-v0" not in registry:
    register(
        id="MEC-v0",
        entry_point="mec_env.gym_env:MECEnv",
        vector_entry_point="mec_env.vector_env:MECVectorEnv",
    )


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'mec_env' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"mec_env.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)

"""A task as data: its parameters, the named tasks, and cities from files."""

from mec_env.scenario.named import SCENARIOS, resolve
from mec_env.scenario.scenario import Range, Scenario, upper

__all__ = ["SCENARIOS", "Range", "Scenario", "resolve", "upper"]

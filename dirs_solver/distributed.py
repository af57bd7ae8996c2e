"""The name by which other people's code imports :mod:`dirs_solver.dirs.distributed`."""

from dirs_solver.dirs.distributed import Ensemble, load_agent, save_agent

__all__ = ["Ensemble", "load_agent", "save_agent"]

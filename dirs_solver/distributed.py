"""Where other people's code looks for agents in processes of their own; see :mod:`dirs_solver.dirs.distributed`."""

from dirs_solver.dirs.distributed import Ensemble, load_agent, save_agent

__all__ = ["Ensemble", "load_agent", "save_agent"]

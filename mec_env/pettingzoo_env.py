"""Where other people's code looks for the parallel environment; its room is :mod:`mec_env.views.pettingzoo_env`."""

from mec_env.views.pettingzoo_env import MECParallelEnv, env, parallel_env, raw_env

__all__ = ["MECParallelEnv", "env", "parallel_env", "raw_env"]

"""Where saved specs of Gymnasium look for ``MEC-v0``; its room is :mod:`mec_env.views.gym_env`."""

from mec_env.views.gym_env import MECEnv

__all__ = ["MECEnv"]

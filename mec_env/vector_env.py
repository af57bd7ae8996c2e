"""Where saved specs of Gymnasium look for the batch; its room is :mod:`mec_env.views.vector_env`."""

from mec_env.views.vector_env import MECVectorEnv

__all__ = ["MECVectorEnv"]

"""Tianshou's PPO as a learner, and a bridge for MultiDiscrete actions, which Tianshou lacks."""

"""Tianshou's PPO as a learner, and a bridge for its want of MultiDiscrete actions."""

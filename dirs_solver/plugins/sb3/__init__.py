"""Stable-Baselines3: one agent that sees everything."""

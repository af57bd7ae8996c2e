"""RLlib's PPO as a learner, on its new API stack."""

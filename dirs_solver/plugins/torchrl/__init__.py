"""TorchRL's PPO as a learner."""

"""AgileRL's independent PPO as a learner."""

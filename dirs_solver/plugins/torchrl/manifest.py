"""What TorchRL brings."""

LIBRARY = "torchrl"
EXTRA = "marl"
#: Versions that the tests were run with.
MEASURED = {"torchrl": "0.11.1", "tensordict": "0.11.0", "torch": "2.13.0", "gymnasium": "1.4.0"}
FITS = {
    "one agent": "prices: PPO; GymEnv also takes decisions and scores; columns or features",
    "servers, devices": "PettingZooWrapper takes scores, prices and decisions",
}
LEARNERS = {"torchrl-ppo-prices": "dirs_solver.plugins.torchrl.learners:PPOPrices"}

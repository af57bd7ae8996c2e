"""What TorchRL brings."""

LIBRARY = "torchrl"
EXTRA = "marl"
#: Versions that the tests were run with.
MEASURED = {"torchrl": "0.11.1", "tensordict": "0.11.0", "torch": "2.13.0", "gymnasium": "1.4.0"}
FITS = {
    "GymEnv": "decisions, scores or prices; columns or features; one agent",
    "PettingZooWrapper": "servers by scores or prices, devices by decisions",
}
LEARNERS = {"torchrl-ppo-prices": "dirs_solver.plugins.torchrl.learners:PPOPrices"}

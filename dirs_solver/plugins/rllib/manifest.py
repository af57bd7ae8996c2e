"""What RLlib brings; it runs in an environment of its own, ``nox -s rllib``."""

LIBRARY = "ray[rllib]"
EXTRA = "rllib"
#: Versions that the tests were run with.
MEASURED = {"ray": "2.60.0", "torch": "2.13.0", "gymnasium": "1.2.2", "numpy": "2.4.6"}
FITS = {
    "servers": "prices: PPO, one policy for all; features",
    "devices": "decisions: PPO, one policy for all; columns",
}
LEARNERS = {"rllib-ppo-prices": "dirs_solver.plugins.rllib.learners:PPOPrices"}

"""What Tianshou brings; it runs in an environment of its own, ``nox -s tianshou``."""

LIBRARY = "tianshou"
EXTRA = "tianshou"
#: Versions that the tests were run with.
MEASURED = {"tianshou": "2.0.1", "torch": "2.13.0", "gymnasium": "1.4.0", "numpy": "2.4.6"}
FITS = {"one agent": "decisions: PPO, by our bridge; prices: PPO; columns or features"}
LEARNERS = {"tianshou-ppo-prices": "dirs_solver.plugins.tianshou.learners:PPOPrices"}

"""What AgileRL brings; it runs in an environment of its own, ``nox -s agilerl``."""

LIBRARY = "agilerl"
EXTRA = "agilerl"
#: Versions that the tests were run with.
MEASURED = {
    "agilerl": "2.58.0", "tensordict": "0.13.0", "torch": "2.13.0", "gymnasium": "1.4.0",
    "pettingzoo": "1.26.1", "numpy": "2.4.6",
}  # fmt: skip
FITS = {
    "one agent": "prices: PPO on make_vec; features",
    "servers": "prices: IPPO, if an action has two numbers and one agent stands for all; features",
}
LEARNERS = {"agilerl-ippo-prices": "dirs_solver.plugins.agilerl.learners:IPPOPrices"}

"""What AgileRL brings; it runs in an environment of its own, ``nox -s agilerl``."""

LIBRARY = "agilerl"
EXTRA = "agilerl"
#: Versions that the tests were run with.
MEASURED = {
    "agilerl": "2.58.0", "tensordict": "0.13.0", "torch": "2.13.0", "gymnasium": "1.4.0",
    "pettingzoo": "1.26.1", "numpy": "2.4.6",
}  # fmt: skip
FITS = {
    "servers": "IPPO, MADDPG and MATD3 by prices; IPPO's scores leave Box(0, 1), so clip them",
    "devices": "IPPO by decisions; agents of one name before the _ share a network",
}
LEARNERS = {"agilerl-ippo-prices": "dirs_solver.plugins.agilerl.learners:IPPOPrices"}

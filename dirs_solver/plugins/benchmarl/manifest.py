"""What BenchMARL brings."""

LIBRARY = "benchmarl"
EXTRA = "marl"
#: Versions that the tests were run with.
MEASURED = {"benchmarl": "1.5.2", "torchrl": "0.11.1", "torch": "2.13.0", "gymnasium": "1.4.0"}
FITS = {"servers": "scores or prices: MADDPG, MAPPO"}
LEARNERS = {
    "maddpg": "dirs_solver.plugins.benchmarl.learners:MADDPG",
    "mappo": "dirs_solver.plugins.benchmarl.learners:MAPPO",
    "maddpg-prices": "dirs_solver.plugins.benchmarl.prices:MADDPGPrices",
    "mappo-prices": "dirs_solver.plugins.benchmarl.prices:MAPPOPrices",
}

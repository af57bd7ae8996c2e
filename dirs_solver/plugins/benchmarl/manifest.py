"""What BenchMARL brings."""

EXTRA = "marl"
LEARNERS = {
    "maddpg": "dirs_solver.plugins.benchmarl.learners:MADDPG",
    "mappo": "dirs_solver.plugins.benchmarl.learners:MAPPO",
    "maddpg-prices": "dirs_solver.plugins.benchmarl.prices:MADDPGPrices",
    "mappo-prices": "dirs_solver.plugins.benchmarl.prices:MAPPOPrices",
}

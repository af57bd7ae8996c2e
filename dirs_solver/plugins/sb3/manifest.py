"""What Stable-Baselines3 and sb3-contrib bring."""

LIBRARY = "stable-baselines3"
EXTRA = "sb3"
#: Versions that the tests were run with.
MEASURED = {
    "stable-baselines3": "2.9.2", "sb3-contrib": "2.9.2", "supersuit": "3.11.0",
    "torch": "2.13.0", "gymnasium": "1.4.0",
}  # fmt: skip
FITS = {
    "one agent": "decisions: A2C, PPO; scores: DDPG, TD3, SAC; prices: all five; columns or features",
    "one agent, sb3-contrib": "prices: TRPO, RecurrentPPO; columns or features",
    "devices, SuperSuit": "decisions: PPO, one policy for all devices",
}
LEARNERS = {
    "sb3-a2c": "dirs_solver.plugins.sb3.learners:A2C",
    "sb3-ppo": "dirs_solver.plugins.sb3.learners:PPO",
    "sb3-ddpg": "dirs_solver.plugins.sb3.learners:DDPG",
    "sb3-td3": "dirs_solver.plugins.sb3.learners:TD3",
    "sb3-sac": "dirs_solver.plugins.sb3.learners:SAC",
    "sb3-a2c-prices": "dirs_solver.plugins.sb3.prices:A2CPrices",
    "sb3-ppo-prices": "dirs_solver.plugins.sb3.prices:PPOPrices",
    "sb3-ddpg-prices": "dirs_solver.plugins.sb3.prices:DDPGPrices",
    "sb3-td3-prices": "dirs_solver.plugins.sb3.prices:TD3Prices",
    "sb3-ppo-rule": "dirs_solver.plugins.sb3.rule:PPORule",
    "sb3-sac-prices": "dirs_solver.plugins.sb3.prices:SACPrices",
    "sb3-trpo-prices": "dirs_solver.plugins.sb3.contrib:TRPOPrices",
    "sb3-recurrent-ppo-prices": "dirs_solver.plugins.sb3.contrib:RecurrentPPOPrices",
    "sb3-ppo-any": "dirs_solver.plugins.sb3.anywhere:PPOAny",
    "sb3-sac-any": "dirs_solver.plugins.sb3.anywhere:SACAny",
}

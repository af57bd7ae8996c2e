"""What Stable-Baselines3 brings."""

EXTRA = "sb3"
LEARNERS = {
    "sb3-a2c": "dirs_solver.plugins.sb3.learners:A2C",
    "sb3-ppo": "dirs_solver.plugins.sb3.learners:PPO",
    "sb3-ddpg": "dirs_solver.plugins.sb3.learners:DDPG",
    "sb3-td3": "dirs_solver.plugins.sb3.learners:TD3",
}

"""Stable-Baselines3's PPO on decisions, then judged on slots that training can't have seen.

python examples/sb3_ppo.py [training steps]
"""

import sys

import gymnasium
from stable_baselines3 import PPO

import mec_env

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
env = gymnasium.make("MEC-v0", scenario="paper-medium", reward="saving")
model = PPO("MlpPolicy", env, n_steps=256, gamma=0.0, seed=0, device="cpu")
model.learn(steps, progress_bar=False)


class Policy:
    """The trained model as a policy: the whole observation in, a decision out."""

    def act(self, observation):
        return model.predict(observation, deterministic=True)[0]


suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, slots=25)
for name, policy in (("ppo", Policy()), ("local", mec_env.RULES["local"]())):
    mean, low, high = mec_env.evaluate(policy, suite).interval()
    print(f"{name}: objective {mean:.2f} ({low:.2f} to {high:.2f})")

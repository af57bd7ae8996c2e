"""Stable-Baselines3's TD3 on continuous scores, which the environment turns into a vote.

python examples/sb3_td3_scores.py [training steps]
"""

import sys

import gymnasium
from stable_baselines3 import TD3

import mec_env

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
env = gymnasium.make("MEC-v0", scenario="paper-medium", actions="scores", reward="saving")
# Each slot is drawn anew whatever was decided, so nothing is gained by looking ahead.
model = TD3("MlpPolicy", env, gamma=0.0, learning_starts=200, seed=0, device="cpu")
model.learn(steps, progress_bar=False)


class Policy:
    """The trained model as a policy: the whole observation in, scores out."""

    def act(self, observation):
        return model.predict(observation, deterministic=True)[0]


suite = mec_env.SUITES["paper-medium-v1"].only(worlds=1, slots=25)
mean, low, high = mec_env.evaluate(Policy(), suite).interval()
print(f"td3: objective {mean:.2f} ({low:.2f} to {high:.2f})")

"""Servers as agents: each scores the devices from its own column of gains alone.

python examples/parallel_loop.py
"""

import numpy as np

import mec_env

env = mec_env.parallel_env(scenario="square-km", agents="servers")
devices = env.scenario.iotds

observations, infos = env.reset(seed=0)
while env.agents:
    # A device's score is its rank among the server's gains: the best sixteenth asks to be served.
    actions = {}
    for agent, observation in observations.items():
        rank = np.argsort(np.argsort(observation[:devices]))
        actions[agent] = (rank >= devices * 15 / 16).astype(np.float32)
    observations, rewards, terminations, truncations, infos = env.step(actions)

info = infos["mec_0"]
print(f"last slot: objective {info['objective']:.1f}, {info['offloaded']:.0%} offloaded")

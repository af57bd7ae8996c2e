"""One policy shared by all devices: SuperSuit turns the agents into a batch for SB3.

python examples/supersuit_sharing.py [training steps]
"""

import sys

from stable_baselines3 import PPO

import mec_env
from dirs_solver.plugins.sb3.sharing import SharedByAgents

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
parallel = mec_env.parallel_env(
    scenario="square-km", mecs=2, iotds=12, agents="devices", reward="saving"
)
batch = SharedByAgents(parallel, 2)
model = PPO("MlpPolicy", batch, n_steps=64, batch_size=256, gamma=0.0, seed=0, device="cpu")
model.learn(steps, progress_bar=False)

observations, infos = parallel.reset(seed=1_000_000)
savings = []
while parallel.agents:
    actions = {a: int(model.predict(o, deterministic=True)[0]) for a, o in observations.items()}
    observations, rewards, terminations, truncations, infos = parallel.step(actions)
    savings.append(rewards["iotd_0"])
print(f"mean saving against all local: {sum(savings) / len(savings):.1%}")

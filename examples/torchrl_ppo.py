"""TorchRL's collector, GAE and clipped PPO loss on one agent that asks all prices.

python examples/torchrl_ppo.py [training steps]
"""

import sys

import torch
from tensordict.nn import NormalParamExtractor
from tensordict.nn import TensorDictModule as Module
from torch import nn
from torchrl.collectors import SyncDataCollector
from torchrl.envs import GymEnv
from torchrl.modules import ProbabilisticActor, TanhNormal, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
told = dict(scenario="square-km", actions="prices", observe="features", reward="relative")
env = GymEnv("mec_env:MEC-v0", **told)
env.set_seed(0)
torch.manual_seed(0)
seen, asked = env.observation_spec["observation"].shape[-1], env.action_spec.shape[-1]
net = nn.Sequential(
    nn.Linear(seen, 64), nn.Tanh(), nn.Linear(64, 2 * asked), NormalParamExtractor()
)
module = Module(net, in_keys=["observation"], out_keys=["loc", "scale"])
actor = ProbabilisticActor(module, ["loc", "scale"], distribution_class=TanhNormal, spec=env.action_spec, return_log_prob=True)  # fmt: skip
value = ValueOperator(nn.Sequential(nn.Linear(seen, 64), nn.Tanh(), nn.Linear(64, 1)))
advantage, loss = GAE(gamma=0.0, lmbda=1.0, value_network=value), ClipPPOLoss(actor, value)
adam = torch.optim.Adam(loss.parameters(), 1e-3)
for batch in SyncDataCollector(env, actor, frames_per_batch=500, total_frames=steps):
    for minibatch in advantage(batch).reshape(-1).split(100):
        terms = loss(minibatch)
        adam.zero_grad()
        (terms["loss_objective"] + terms["loss_critic"] + terms["loss_entropy"]).backward()
        adam.step()
    print(f"reward {batch['next', 'reward'].mean():.3f}")

"""PPO of TorchRL, acting by prices: its collector, its advantages, its loss."""

import itertools

import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import SyncDataCollector
from torchrl.modules import IndependentNormal, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

from dirs_solver.plugins.benchmarl.env import GROUP
from dirs_solver.plugins.benchmarl.price_env import BatchedPrices
from dirs_solver.plugins.benchmarl.run import silence
from dirs_solver.shared.price_learner import PriceLearner, Training
from dirs_solver.shared.row_networks import Normal, Value, layers_of

SEEN, ACTED = (GROUP, "observation"), (GROUP, "action")
VALUE, LOG_PROB = (GROUP, "value"), (GROUP, "log_prob")


class PPOPrices(PriceLearner):
    """Proximal policy optimisation (Schulman et al. 2017); the servers share actor and critic.

    An action is normal, its deviation one parameter for all; the policy takes the mean, clipped.
    A server's advantage comes from a value that all servers have in common, the mean of one
    number each.
    """

    name = "torchrl-ppo-prices"

    def _train(self, training: Training) -> None:
        s = training.settings
        torch.manual_seed(training.torch_seed)
        with silence():
            env = BatchedPrices(training.scenario, s["rows"], training.key, **training.options)
            network, actor, value = _networks(env, s, training.begun)
            whole = s["rows"] * s["n_steps"]
            collector = SyncDataCollector(
                env, actor, frames_per_batch=whole, total_frames=-1, use_buffers=False
            )
            update = _Update(actor, value, s, training)

        def now():
            return layers_of(network)

        training.judge(now)
        batches = iter(collector)
        for k in itertools.count(1):
            with silence():
                batch = next(batches)
                update(batch)
            objective = batch["next", "info", "objective"].mean().item()
            if not training.goes_on(k * whole, whole, objective, now):
                break
        collector.shutdown()


class _ForAll(nn.Module):
    """One value for all servers, given to every one (..., M, 1)."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, seen):
        return self.value(seen).unsqueeze(-2).expand(*seen.shape[:-1], 1)


def _networks(env, settings, begun):
    """The actor's layers, the actor and the value of a batch of worlds."""
    size, asked = (env.full_observation_spec[SEEN].shape[-1], env.full_action_spec[ACTED].shape[-1])
    normal = Normal(size, asked, settings, begun)
    keys = [(GROUP, "loc"), (GROUP, "scale")]
    actor = ProbabilisticActor(
        TensorDictModule(normal, in_keys=[SEEN], out_keys=keys),
        spec=env.full_action_spec_unbatched,
        in_keys=keys,
        out_keys=[ACTED],
        distribution_class=IndependentNormal,
        return_log_prob=True,
        log_prob_key=LOG_PROB,
    )
    value = TensorDictModule(_ForAll(Value(size, settings)), in_keys=[SEEN], out_keys=[VALUE])
    return normal.network, actor, value


class _Update:
    """PPO's epochs over a batch that was collected."""

    def __init__(self, actor, value, settings, training):
        self._settings = settings
        self._advantage = GAE(
            gamma=training.discount, lmbda=training.gae_lambda, value_network=value
        )
        self._loss = ClipPPOLoss(
            actor, value, clip_epsilon=settings["clip_range"], entropy_coeff=settings["ent_coef"],
            critic_coeff=settings["vf_coef"], normalize_advantage=True,
        )  # fmt: skip
        group = {key: (GROUP, key) for key in ("reward", "done", "terminated")}
        self._advantage.set_keys(value=VALUE, **group)
        self._loss.set_keys(action=ACTED, value=VALUE, sample_log_prob=LOG_PROB, **group)
        self._steps = torch.optim.Adam(self._loss.parameters(), settings["learning_rate"])

    def __call__(self, batch):
        # A server ends when its world does.
        for key in ("done", "terminated"):
            ended = batch["next", key].unsqueeze(-1)
            batch["next", GROUP, key] = ended.expand(batch["next", GROUP, "reward"].shape)
        with torch.no_grad():
            self._advantage(batch)
        flat = batch.reshape(-1)
        size = min(self._settings["batch_size"], flat.numel())
        for _ in range(self._settings["n_epochs"]):
            for places in torch.randperm(flat.numel()).split(size):
                found = self._loss(flat[places])
                loss = found["loss_objective"] + found["loss_critic"] + found["loss_entropy"]
                self._steps.zero_grad()
                loss.backward()
                self._steps.step()

"""MADDPG and MAPPO of BenchMARL: a network per server, one critic that sees everything.

Slots don't depend on each other, so the value of an action is the slot's own reward and the
discount is 0. Actors learn from their servers' observations alone. The critic sees the whole slot;
it is not kept after the training. ``learn`` returns the actors that decided best without
exploration on some training slots; the untrained first actors compete too. A learner's ``first``
and ``best`` say what the training added. In a minute and a half it adds much at 30 and at 180
devices, and little for MAPPO where most links are bad (``square-km``).
"""

import tempfile

import numpy as np
import torch
from benchmarl.algorithms import MaddpgConfig, MappoConfig
from benchmarl.experiment import Experiment, ExperimentConfig

from dirs_solver.dirs.agents import Agents
from dirs_solver.dirs.imitation import observe
from dirs_solver.dirs.settings import Settings
from dirs_solver.plugins.benchmarl.env import GROUP, BatchedTask, RewardStandard, server_columns
from dirs_solver.plugins.benchmarl.policy import INPUTS, MARLPolicy, load_policy, save_policy
from dirs_solver.plugins.benchmarl.run import (
    ActorsWait,
    Watch,
    export,
    network,
    open_with,
    run,
    silence,
)
from dirs_solver.shared.keep_best import Best
from dirs_solver.shared.randomness import global_generators_kept
from dirs_solver.shared.tuned import of_size, settings_of
from mec_env import checks
from mec_env.draws.streams import seed_key
from mec_env.scenario.named import resolve

#: Slots whose observations set the standardisation.
STANDARDISED = 256
#: What is learned from: where links are bad, one slot can cost a hundred times all-local, and this
#: reward does not fall below -1 there; nothing else could be learned beside it.
REWARD = "relative"


class MARLLearner:
    """What both learners share: the experiment, its end, and the way out of BenchMARL.

    Parameters
    ----------
    settings : dict, optional
        In place of the chosen ones, see ``settings/NAME.toml``.

    Attributes
    ----------
    policy : MARLPolicy or None
        What was learned last.
    first, best : float
        Mean objective on the judged training slots, of the first actors before any training
        and of those in ``policy``: what the training added.
    """

    name: str | None = None
    information = "local"
    #: No schedule hangs on the number of slots.
    anytime = True

    def __init__(self, settings=None):
        self.settings = settings_of(self.name, settings)
        self.policy, self._header, self._sized = None, None, None
        self.first = self.best = float("nan")

    def learn(self, scenario, seed=0, slots=None, progress=None):
        """Train the actors; see :class:`dirs_solver.learner.Learner`.

        ``progress`` is called after every batch of slots; whole batches are trained on.
        """
        scenario = resolve(scenario)
        seed_key(seed)
        s = self._sized = of_size(self.settings, scenario)
        total = s["slots"] if slots is None else checks.integer("slots", slots, 1)
        hidden = list(s["hidden"]) or list(Settings().hidden_for(scenario.iotds))
        agents = Agents(scenario, hidden, INPUTS)
        mean, deviation = _standardisation(scenario, seed)
        columns = server_columns(scenario)
        agents.mean.copy_(torch.from_numpy(mean[columns])[:, None])
        agents.deviation.copy_(torch.from_numpy(deviation[columns])[:, None])
        # An episode is a row's part of a batch: where it ends makes no difference to the slots.
        trained_on = scenario.replace(reward=REWARD, slots=s["batch"] // s["rows"])
        standard = RewardStandard()
        config = {
            "scenario": trained_on,
            "mean": mean,
            "deviation": deviation,
            "critic_scale": s["critic_scale"],
            "reward_standard": standard,
        }
        best = Best(scenario.replace(reward=REWARD), "scores", seed)

        def judge(experiment):
            export(experiment, agents, *self._score)
            return best.judge(lambda observed: _scores(agents, observed), lambda: _copy(agents))

        def prepare(experiment):
            self._prepare(experiment, scenario.iotds, judge)
            # The first actors, not the last of those that were tried as such.
            export(experiment, agents, *self._score)
            standard.mean, standard.deviation = self._standard(agents, best)

        # Made before all is silenced, for it lets the caller's words through.
        watch = Watch(total, progress, judge)
        networks = network(hidden), network(s["critic_hidden"])
        self._run(BatchedTask(scenario.name, config), networks, seed, total, watch, prepare, judge)
        agents.load_state_dict(best.kept)
        self.best = best.objective
        self.policy = MARLPolicy(agents, scenario)
        self._header = {"learner": self.name, "seed": int(seed), "settings": self.settings}
        return self.policy

    def _run(self, task, networks, seed, total, watch, prepare, judge):
        """Let the library train on a task, silently, without traces and from a seed."""
        actor, critic = networks
        with global_generators_kept(), tempfile.TemporaryDirectory() as folder, silence():
            experiment = Experiment(
                task=task,
                algorithm_config=self._algorithm(),
                model_config=actor,
                critic_model_config=critic,
                # 32 bits, for that is what numpy's global generator takes.
                seed=int(np.random.SeedSequence(int(seed)).generate_state(1)[0]),
                config=self._experiment(total, folder),
                callbacks=[watch, *self._callbacks()],
            )
            prepare(experiment)
            run(experiment)
            judge(experiment)

    def save(self, path):
        """Write the policy to a file: weights, settings and the scenario."""
        if self.policy is None:
            raise ValueError("save: nothing was learned yet; call learn() first")
        save_policy(path, self.policy, self._header)

    @classmethod
    def load(cls, path):
        """The learner of a file, its ``policy`` ready to act.

        Raises
        ------
        ValueError
            In one sentence, for a file that is damaged or another learner's.
        """
        policy, header = load_policy(path)
        if header["learner"] != cls.name:
            raise ValueError(f"{path}: a policy of {header['learner']!r}, must be of {cls.name!r}")
        learner = cls(header["settings"])
        learner.policy = policy
        learner._header = {name: header[name] for name in ("learner", "seed", "settings")}
        return learner

    def _experiment(self, total, folder):
        s = self._sized
        config = ExperimentConfig.get_from_yaml()
        return _changed(
            config,
            share_policy_params=False,
            gamma=0.0,
            lr=s["learning_rate"],
            adam_eps=1e-8,
            clip_grad_val=s["largest_gradient"],
            max_n_frames=-(-total // s["batch"]) * s["batch"],
            evaluation=False,
            evaluation_episodes=1,
            render=False,
            loggers=[],
            create_json=False,
            save_folder=folder,
        )

    def _callbacks(self):
        return []

    def _prepare(self, experiment, devices, judge):
        """What BenchMARL's own settings don't reach."""
        s = self._sized
        self.first = open_with(experiment, devices, *self._score, s["spread"], self._noise(), judge)


class MAPPO(MARLLearner):
    """Multi-agent PPO (Yu et al., 2022) of BenchMARL.

    A score is the logistic function of a normal number, whose mean and deviation the
    actor gives; the policy takes the mean.
    """

    name = "mappo"
    # The library's score is (1 + tanh x) / 2, which is the logistic function of 2 x.
    _score = (2.0, 0.0)

    def _algorithm(self):
        s = self._sized
        return MappoConfig(
            share_param_critic=True,
            clip_epsilon=s["clip"],
            entropy_coef=s["entropy"],
            critic_coef=1.0,
            loss_critic_type="l2",
            # With a discount of 0 there are no later rewards to weigh.
            lmbda=0.0,
            scale_mapping=f"biased_softplus_{s['deviation']}",
            use_tanh_normal=True,
            minibatch_advantage=False,
        )

    def _experiment(self, total, folder):
        s = self._sized
        return _changed(
            super()._experiment(total, folder),
            on_policy_collected_frames_per_batch=s["batch"],
            on_policy_n_envs_per_worker=s["rows"],
            on_policy_n_minibatch_iters=s["epochs"],
            on_policy_minibatch_size=s["minibatch"],
        )

    def _noise(self):
        return 2.0 * self._sized["deviation"]

    def _standard(self, agents, best):
        # Advantages are standardised in any case.
        return 0.0, 1.0 / self._sized["reward_scale"]

    def _prepare(self, experiment, devices, judge):
        super()._prepare(experiment, devices, judge)
        self._standardise_advantages(experiment)

    def _standardise_advantages(self, experiment):
        # Savings shrink to a fraction of a per cent as the actors improve.
        experiment.losses[GROUP].normalize_advantage = True


class MADDPG(MARLLearner):
    """Multi-agent DDPG (Lowe et al., 2017) of BenchMARL, with one critic for the one reward."""

    name = "maddpg"
    # The library adds 1/2, the middle of the scores, before it takes (1 + tanh x) / 2.
    _score = (2.0, 1.0)

    def _algorithm(self):
        return MaddpgConfig(
            share_param_critic=True, loss_function="l2", delay_value=True, use_tanh_mapping=True
        )

    def _experiment(self, total, folder):
        s = self._sized
        return _changed(
            super()._experiment(total, folder),
            exploration_eps_init=s["noise_first"],
            exploration_eps_end=s["noise_last"],
            exploration_anneal_frames=s["noise_slots"],
            off_policy_collected_frames_per_batch=s["batch"],
            off_policy_n_envs_per_worker=s["rows"],
            off_policy_n_optimizer_steps=s["updates"],
            off_policy_train_batch_size=s["minibatch"],
            off_policy_memory_size=s["memory"],
            off_policy_init_random_frames=s["random_slots"],
        )

    def _noise(self):
        # Of a score at 1/2, where the logistic function's slope is 1/4.
        return 4.0 * self._sized["noise_first"]

    def _callbacks(self):
        # A critic that knows nothing yet leads the actors astray, and back takes long.
        return [ActorsWait(self._sized["actor_waits"], self._sized["actor_rate"])]

    def _standard(self, agents, best):
        """Mean and deviation of what the first actors earn while they explore.

        A step moves the critic's bias by the learning rate: were it to come to a common
        reward of 90 first, it would say that every score is worth something.
        """
        draws = np.random.default_rng(0)

        def explore(observed):
            scores = _scores(agents, observed)
            noise = self._sized["noise_first"] * draws.standard_normal(scores.shape)
            return np.clip(scores + noise, 0.0, 1.0).astype(np.float32)

        earned = best.rewards(explore)
        # With one device there may be no difference.
        return float(earned.mean()), max(float(earned.std()), 1e-6)


def _standardisation(scenario, seed):
    """Mean and deviation of each number of the whole observation over training slots, (size,)."""
    observations = observe(scenario, seed, STANDARDISED)[0].astype(np.float64)
    deviation = observations.std(axis=0)
    # An input that never changes says nothing: it becomes 0, not a division by 0.
    deviation[deviation < 1e-6] = 1.0
    return observations.mean(axis=0).astype(np.float32), deviation.astype(np.float32)


def _scores(agents, observed):
    """Scores (rows, M * N) of all actors for whole observations (rows, size)."""
    with torch.inference_mode():
        return agents(torch.from_numpy(observed)).transpose(0, 1).flatten(1).numpy()


def _copy(agents):
    return {key: value.clone() for key, value in agents.state_dict().items()}


def _changed(config, **fields):
    for name, value in fields.items():
        setattr(config, name, value)
    return config

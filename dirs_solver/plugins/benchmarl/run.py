"""Run a BenchMARL experiment as one of our trainings: reported, stopped, silent, without traces."""

import contextlib
import io
import sys
import warnings
from operator import itemgetter
from statistics import NormalDist

import torch
from benchmarl.experiment import Callback
from benchmarl.models import MlpConfig
from torchrl._utils import logger as torchrl_logger
from torchrl.modules import MultiAgentMLP

from dirs_solver.plugins.benchmarl.env import GROUP
from dirs_solver.shared.progress import Progress

#: Batches of training from one judgement of the actors to the next.
EVERY = 5
#: Shares of devices that the first actors may leave local; the best on training slots is taken.
LOCAL_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 0.99999)


class TimeIsUp(Exception):
    """Ends BenchMARL's loop from within a callback; it has no other way to end early."""


class Watch(Callback):
    """Reports every batch that was trained on, and ends the experiment when told to.

    Parameters
    ----------
    total : int
        Slots of the training.
    progress : callable or None
        Called with a :class:`dirs_solver.shared.progress.Progress`; True is the end.
    judge : callable
        Called with the experiment every few batches.
    every : int
        Batches from one judgement to the next.
    """

    def __init__(self, total, progress, judge, every=EVERY):
        super().__init__()
        self._total, self._progress = total, progress
        self._judge, self._every = judge, every
        self._done, self._batches, self._objective = 0, 0, float("nan")
        self._streams = sys.stdout, sys.stderr

    def __getstate__(self):
        # BenchMARL pickles its callbacks into its folder; a caller's function may not let it.
        return {}

    def on_batch_collected(self, batch):
        self._done += batch.numel()
        self._objective = batch["next", "info", "objective"].mean().item()

    def on_train_end(self, training_td, group):
        self._batches += 1
        if self._batches % self._every == 0:
            self._judge(self.experiment)
        if self._progress is None:
            return
        done = min(self._done, self._total)
        report = Progress("online", done, self._total, objective=self._objective)
        out, err = self._streams
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            stop = self._progress(report) is True
        if stop:
            raise TimeIsUp


class ActorsWait(Callback):
    """Lets a critic learn from some slots before the actors follow it.

    Parameters
    ----------
    slots : int
        That the actors wait.
    rate : float
        Their learning rate afterwards.
    """

    def __init__(self, slots, rate):
        super().__init__()
        self._slots, self._rate, self._done = slots, rate, 0

    def on_batch_collected(self, batch):
        self._done += batch.numel()
        group = self.experiment.optimizers[GROUP]["loss_actor"].param_groups[0]
        group["lr"] = self._rate if self._done > self._slots else 0.0


def run(experiment):
    """Run an experiment to its end or to its :class:`Watch`'s."""
    with contextlib.suppress(TimeIsUp):
        experiment.run()


def network(cells, activation=torch.nn.ReLU):
    """BenchMARL's multilayer perceptron with these hidden layers."""
    return MlpConfig(
        num_cells=list(cells), layer_class=torch.nn.Linear, activation_class=activation
    )


def export(experiment, agents, slope, shift):
    """Copy the actors' layers into ``agents``.

    Parameters
    ----------
    experiment : benchmarl.experiment.Experiment
    agents : dirs_solver.dirs.agents.Agents
        Of the same layers; its scores are the logistic function of what comes last.
    slope, shift : float
        The algorithm's scores are that of ``slope * x + shift``, x its actors' output.
    """
    layers = layers_of(experiment)
    with torch.no_grad():
        for place, (weight, bias) in enumerate(layers):
            if place == len(layers) - 1:
                # An actor of MAPPO gives the means first, then the deviations.
                weight, bias = weight[:, : agents.devices], bias[:, : agents.devices]
                weight, bias = slope * weight, slope * bias + shift
            agents.weights[place].copy_(weight.transpose(1, 2))
            agents.biases[place].copy_(bias.unsqueeze(1))


def open_with(experiment, devices, slope, shift, spread, noise, judge):
    """Let the actors begin where there is something to learn.

    A library's first actors score every device alike, about 1/2, at every server. With many
    servers nearly all devices then offload, whatever single scores do, and decisions hang
    on noise. Here the first scores differ from device to device and from server to server, as
    drawn; their level, and with it the share of devices that run locally, is the best of a few.

    Parameters
    ----------
    experiment, slope, shift
        As in :func:`export`.
    devices : int
        N.
    spread : float
        Deviation of the first scores before the logistic function.
    noise : float
        What the exploration adds to it.
    judge : callable
        The actors' mean objective on training slots.

    Returns
    -------
    float
        Mean objective of the first actors.
    """
    weight, bias = layers_of(experiment)[-1]
    weight[:, :devices] *= 0.1
    drawn = spread * torch.randn(bias.shape[0], devices)
    found = []
    for local in LOCAL_SHARES:
        # All M scores of a device stay below 1/2 with this probability.
        quantile = NormalDist().inv_cdf(local ** (1.0 / bias.shape[0]))
        level = -quantile * (spread**2 + noise**2) ** 0.5
        bias[:, :devices] = (level + drawn - shift) / slope
        found.append((judge(experiment), level))
    # Among equal ones the first, which explores most.
    objective, level = min(found, key=itemgetter(0))
    bias[:, :devices] = (level + drawn - shift) / slope
    return objective


def layers_of(experiment):
    """Weights (M, outputs, inputs) and biases (M, outputs) of the actors, layer by layer.

    Those of actors that are one network have no M. They are the experiment's own: what is
    written into them is theirs.
    """
    policy = experiment.algorithm.get_policy_for_loss(GROUP)
    actors = next(part for part in policy.modules() if isinstance(part, MultiAgentMLP))
    # A TensorDict's iterator goes over its batch, not over its keys.
    names = actors.params.keys()
    keys = sorted((name for name in names if name.isdigit()), key=int)
    return [(actors.params[key, "weight"].data, actors.params[key, "bias"].data) for key in keys]


@contextlib.contextmanager
def silence():
    """No progress bar, prints and warnings of BenchMARL; :class:`Watch` lets its caller's through."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        level = torchrl_logger.level
        torchrl_logger.setLevel("ERROR")
        try:
            yield
        finally:
            torchrl_logger.setLevel(level)

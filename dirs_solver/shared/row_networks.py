"""Torch networks that all servers share, and their layers as numpy keeps them."""

from itertools import pairwise

import torch
from torch import nn

MODULES = {"tanh": nn.Tanh, "relu": nn.ReLU}


def perceptron(size, hidden, out, activation):
    """Layers from (..., size) to (..., out)."""
    wide = [size, *hidden]
    body = []
    for before, after in pairwise(wide):
        body += [nn.Linear(before, after), MODULES[activation]()]
    return nn.Sequential(*body, nn.Linear(wide[-1], out))


def begin(layer, value):
    """Let a last layer ask about the same price everywhere, and the nominal weight where asked."""
    with torch.no_grad():
        layer.weight.uniform_(-3e-3, 3e-3)
        layer.bias.zero_()
        layer.bias[0] = value


def layers_of(module):
    """(weight, bias) of a module's linear layers, in order: copies, float32."""
    return [
        (layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
        for layer in module.modules()
        if isinstance(layer, nn.Linear)
    ]


class Normal(nn.Module):
    """Means of servers' features (..., size) and one deviation for all of them.

    Attributes
    ----------
    network : torch.nn.Sequential
        The layers of the means, which a policy keeps.
    """

    def __init__(self, size, asked, settings, begun):
        super().__init__()
        self.network = perceptron(size, settings["hidden"], asked, settings["activation"])
        begin(self.network[-1], begun)
        deviation = torch.full((asked,), float(settings["log_std_init"]))
        self.log_deviation = nn.Parameter(deviation)

    def forward(self, seen):
        mean = self.network(seen)
        return mean, self.log_deviation.exp().expand_as(mean)


class Value(nn.Module):
    """Of servers' features (..., M, size) the mean of one number each (..., 1)."""

    def __init__(self, size, settings):
        super().__init__()
        self.network = perceptron(size, settings["critic_hidden"], 1, settings["activation"])

    def forward(self, seen):
        return self.network(seen).mean(dim=-2)

"""Torch networks that all servers share, and their layers as numpy keeps them."""

import torch
from torch import nn

MODULES = {"tanh": nn.Tanh, "relu": nn.ReLU}


def perceptron(size, hidden, out, activation):
    """Layers from (..., size) to (..., out)."""
    wide = [size, *hidden]
    body = []
    for before, after in zip(wide[:-1], wide[1:]):
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

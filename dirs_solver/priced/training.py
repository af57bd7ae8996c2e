"""Fit the network to lessons: Adam on what wrong prices cost, by the curvature of the objective."""

from itertools import pairwise

import numpy as np
import torch

from dirs_solver.priced.network import LIMIT, Network

#: Besides what it costs, a share of the mean square: the curvature says little of servers that
#: nobody stands at the margin of.
PLAIN = 0.02


def fit(
    lessons,
    seed=0,
    steps=2500,
    batch=256,
    hidden=(32, 32),
    rate=3e-3,
    start=None,
    plain=PLAIN,
    progress=None,
):
    """Train a network.

    Parameters
    ----------
    lessons : list of Lessons
        One a world; sizes may differ.
    seed : int
    steps : int
        Of Adam, its rate falling to 0 along a cosine.
    batch : int
        Slots a step.
    hidden : tuple of int
        Widths of the hidden layers.
    rate : float
        First rate.
    start : Network, optional
        To go on from, with its standardisation and layers.
    plain : float
        Weight of the mean square beside the cost by the curvature.
    progress : callable, optional
        Called with the step after each; True ends the training.

    Returns
    -------
    Network
    """
    seen, wanted, curvature, there = _padded(lessons)
    if start is None:
        rows = seen[there]
        mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)
    else:
        mean, deviation = start.mean, start.deviation
    x = torch.from_numpy(np.clip((seen - mean) / deviation, -LIMIT, LIMIT).astype(np.float32))
    y, g = torch.from_numpy(wanted), torch.from_numpy(curvature)
    mask = torch.from_numpy(there.astype(np.float32))
    # Mean cost of an error of one deviation: the two parts of the loss are then of one size.
    scale = float(np.einsum("sjj->s", curvature).mean() / there.sum(axis=1).mean())
    generator = torch.Generator().manual_seed(int(seed) % 2**63)
    layers = _layers(seen.shape[-1], hidden, generator, start)
    parameters = [p for layer in layers for p in layer]
    optimiser = torch.optim.Adam(parameters, lr=rate)
    # Small matrices: threads that wait for each other cost more than they bring, tenfold where
    # others use the processor too.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = rate * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            chosen = torch.randint(len(x), (min(batch, len(x)),), generator=generator)
            error = (_forward(layers, x[chosen]) - y[chosen]) * mask[chosen]
            cost = torch.einsum("sj,sjk,sk->s", error, g[chosen], error).mean() / scale
            square = (error**2).sum() / mask[chosen].sum()
            loss = cost + plain * square
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if progress is not None and progress(step + 1) is True:
                break
    finally:
        torch.set_num_threads(threads)
    arrays = [[p.detach().numpy().copy() for p in layer] for layer in layers]
    return Network(
        mean.astype(np.float32), deviation.astype(np.float32),
        tuple(w for w, _ in arrays), tuple(b for _, b in arrays),
    )  # fmt: skip


def _layers(size, hidden, generator, start):
    if start is not None:
        made = [(torch.tensor(w), torch.tensor(b)) for w, b in zip(start.weights, start.biases)]
    else:
        sizes = (size, *hidden, 1)
        made = [
            (torch.randn(m, n, generator=generator) * n**-0.5, torch.zeros(m))
            for n, m in pairwise(sizes)
        ]
        # The first guess is the constant price.
        made[-1][0].mul_(0.01)
    return [(w.requires_grad_(), b.requires_grad_()) for w, b in made]


def _forward(layers, x):
    for weight, bias in layers[:-1]:
        x = torch.nn.functional.silu(x @ weight.T + bias)
    weight, bias = layers[-1]
    return (x @ weight.T + bias)[..., 0]


def _padded(lessons):
    """All slots, as if each had as many servers as the largest; and which are there."""
    most = max(one.wanted.shape[1] for one in lessons)
    slots = sum(len(one.wanted) for one in lessons)
    seen = np.zeros((slots, most, lessons[0].seen.shape[-1]), dtype=np.float32)
    wanted = np.zeros((slots, most), dtype=np.float32)
    curvature = np.zeros((slots, most, most), dtype=np.float32)
    there = np.zeros((slots, most), dtype=bool)
    at = 0
    for one in lessons:
        count, m = one.wanted.shape
        rows = slice(at, at + count)
        seen[rows, :m], wanted[rows, :m], there[rows, :m] = one.seen, one.wanted, True
        curvature[rows, :m, :m] = one.curvature
        at += count
    return seen, wanted, curvature, there

"""What a decision costs: equations (1), (2) and (8) to (13) of the paper, as numba kernels.

For a fixed decision, powers and CPU shares have closed forms, each server for
itself: powers as in ``mec_env.physics.link``; shares in proportion to the square root of
the cycles, so that a server's devices take (sum of sqrt(F_i))^2 / F_j^max
together. The paper leaves both to a search.

Shapes: N devices, M servers; decisions are 0 (local) or 1 .. M.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from mec_env.physics.link import LN2, LinkTable, link


class Physics(NamedTuple):
    """What is the same for all devices, servers and slots of a scenario.

    Attributes
    ----------
    links : LinkTable
    bandwidth : float
        Of each link [Hz].
    kappa, exponent : float
        Local power is ``kappa * local_speed ** exponent`` [W].
    weight_time, weight_energy : float
        phi_T [1/s] and phi_E [1/J].
    """

    links: LinkTable
    bandwidth: float
    kappa: float
    exponent: float
    weight_time: float
    weight_energy: float


class Tasks(NamedTuple):
    """The tasks of a slot.

    Attributes
    ----------
    data_bits : (N,) float64
        D_i [bit].
    cycles : (N,) float64
        F_i [CPU cycles].
    root_cycles : (N,) float64
        Square roots of the cycles, a device's weight on a server's CPU.
    """

    data_bits: np.ndarray
    cycles: np.ndarray
    root_cycles: np.ndarray


class Scratch(NamedTuple):
    """Room to work in, so that kernels allocate nothing; ``load`` (M,) is left filled."""

    load: np.ndarray
    used: np.ndarray
    used_gain: np.ndarray
    sent: np.ndarray


def scratch(devices, servers):
    """Scratch for :func:`evaluate`."""
    return Scratch(
        np.empty(servers),
        np.empty(devices, dtype=np.int64),
        np.empty(devices, dtype=np.float32),
        np.empty((3, devices)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(physics, gain, tasks, local_speed, local_power, server_speed, decision, scratch):
    """Time and energy of a decision with the best powers and shares.

    Parameters
    ----------
    physics : Physics
    gain : (M, N) float32
        Channel gains, server by server.
    tasks : Tasks
    local_speed, local_power : (N,) float64
        f_i0 [cycles/s] and p_i^E [W].
    server_speed : (M,) float64
        F_j^max [cycles/s].
    decision : (N,) int64
        0 .. M; not checked. A negative one is somebody else's to count.
    scratch : Scratch
        Its ``load`` holds each server's sum of root cycles afterwards.

    Returns
    -------
    time : float
        Sum over devices [s].
    energy : float
        Sum over devices [J].
    offloaded : int
        Number of devices that offload.
    """
    time, energy, offloaded = evaluate_devices(
        physics, gain, tasks, local_speed, local_power, decision, scratch
    )
    load = scratch.load
    for j in range(load.size):
        time += load[j] * load[j] / server_speed[j]
    return time, energy, offloaded


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate_devices(physics, gain, tasks, local_speed, local_power, decision, scratch):
    """:func:`evaluate` without the time on servers, whose loads ``scratch`` holds."""
    n = decision.size
    load, used, used_gain, _ = scratch
    time = 0.0
    energy = 0.0
    offloaded = 0
    for j in range(load.size):
        load[j] = 0.0
    for i in range(n):
        # Offloading devices are gathered first: the loop over links then has no branch.
        used[offloaded] = i
        j = decision[i]
        if j > 0:
            offloaded += 1
            load[j - 1] += tasks.root_cycles[i]
        elif j == 0:
            seconds = tasks.cycles[i] / local_speed[i]
            time += seconds
            energy += seconds * local_power[i]
    for k in range(offloaded):
        used_gain[k] = gain[decision[used[k]] - 1, used[k]]
    for k in range(offloaded):
        spectral, power = link(physics.links, used_gain[k])
        seconds = tasks.data_bits[used[k]] / (physics.bandwidth * spectral)
        time += seconds
        energy += seconds * power
    return time, energy, offloaded


@njit(cache=True, nogil=True, error_model="numpy")
def send(physics, gain, sent, count):
    """Weighted costs of some links, gathered, as :func:`link_cost` has them.

    Parameters
    ----------
    physics : Physics
    gain : (at least count,) float32
    sent : (3, at least count) float64
        The first row has the data [bit] and is filled with costs; the others are room to work in.
    count : int
    """
    for k in range(count):
        sent[1, k], sent[2, k] = link(physics.links, gain[k])
    # By itself, for divisions are then vector code.
    for k in range(count):
        seconds = sent[0, k] / (physics.bandwidth * sent[1, k])
        sent[0, k] = seconds * (physics.weight_time + physics.weight_energy * sent[2, k])


@njit(cache=True, nogil=True, error_model="numpy")
def all_local(physics, tasks, local_speed, local_power):
    """Objective of running every task on its own device."""
    total = 0.0
    for i in range(local_speed.size):
        total += local_cost(physics, tasks.cycles[i], local_speed[i], local_power[i])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def local_cost(physics, cycles, speed, power):
    """Weighted cost of one task on its own device."""
    return cycles / speed * (physics.weight_time + physics.weight_energy * power)


@njit(cache=True, nogil=True, error_model="numpy")
def link_cost(physics, gain, data_bits):
    """Weighted cost of sending one task over a link of this gain (float32) at the best power."""
    spectral, power = link(physics.links, gain)
    seconds = data_bits / (physics.bandwidth * spectral)
    return seconds * (physics.weight_time + physics.weight_energy * power)


@njit(cache=True, nogil=True, error_model="numpy")
def link_costs(physics, gain, data_bits, out):
    """Weighted cost of each link, ``out`` (N, M), for gains (M, N)."""
    for j in range(gain.shape[0]):
        for i in range(gain.shape[1]):
            out[i, j] = link_cost(physics, gain[j, i], data_bits[i])


@njit(cache=True, nogil=True, error_model="numpy")
def best_resources(physics, gain, tasks, local_speed, local_power, server_speed, decision):
    """Powers [W] and CPU shares [cycles/s], (N,) each, that solve problem (13)."""
    power = local_power.copy()
    cpu = local_speed.copy()
    load = np.zeros(server_speed.size)
    for i in range(decision.size):
        if decision[i] > 0:
            load[decision[i] - 1] += tasks.root_cycles[i]
    for i in range(decision.size):
        j = decision[i] - 1
        if j >= 0:
            power[i] = link(physics.links, gain[j, i])[1]
            cpu[i] = server_speed[j] * tasks.root_cycles[i] / load[j]
    return power, cpu


@njit(cache=True, nogil=True)
def evaluate_given(physics, gain, tasks, decision, power, cpu):
    """Time [s] and energy [J] of a decision with these powers and shares, summed over devices."""
    time = 0.0
    energy = 0.0
    for i in range(decision.size):
        seconds = tasks.cycles[i] / cpu[i]
        time += seconds
        if decision[i] == 0:
            energy += seconds * power[i]
        else:
            c = float(gain[decision[i] - 1, i]) / physics.links.noise
            sending = tasks.data_bits[i] / (physics.bandwidth * math.log1p(power[i] * c) / LN2)
            time += sending
            energy += sending * power[i]
    return time, energy

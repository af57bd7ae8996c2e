"""A plain numpy environment, the measure for ours: what a careful user would write.

Vectorised over devices (and over rows, where there are several); Lambert's W
from scipy, only for the links in use. It draws from numpy's own generator, so
its numbers are its own; ``tests/bench/test_benchmarks.py`` holds its costs against ours.
"""

import numpy as np
from scipy.special import lambertw

from mec_env.draws import streams
from mec_env.laws import channels
from mec_env.simulator.world import draw_world


class NumpyEnvironment:
    """Rows of one scenario with fixed tasks and Rayleigh fading.

    Parameters
    ----------
    scenario : Scenario
    rows : int
    seed : int
    """

    def __init__(self, scenario, rows=1, seed=0):
        self.scenario, self.rows = scenario, rows
        self.world = draw_world(scenario, streams.seed_key(scenario.world_seed))
        self.rng = np.random.default_rng(seed)
        self.reference = channels.reference_gain(scenario)
        self.draw()

    def draw(self):
        """Draw the next slot's gains and return the observation."""
        path = self.world.path_gain
        fading = self.rng.standard_exponential((self.rows, *path.shape), dtype=np.float32)
        # The smallest float32 exponential is 0: a gain must not be.
        self.gain = path * np.maximum(fading, np.float32(6e-8))
        observation = np.log10(self.gain / np.float32(self.reference))
        return observation.reshape(self.rows, -1)

    def step(self, decision):
        """Judge decisions (rows, N), draw the next slot.

        Returns
        -------
        observation : (rows, M * N) float32
        reward, time, energy : (rows,) float64
        """
        time, energy = self.judge(decision)
        s = self.scenario
        objective = s.weight_time * time + s.weight_energy * energy
        return self.draw(), 1.0 / objective, time, energy

    def judge(self, decision):
        """Time [s] and energy [J] of decisions (rows, N)."""
        s, w = self.scenario, self.world
        local = decision == 0
        seconds = w.cycles / w.local_speed
        time = np.sum(seconds * local, axis=1)
        energy = np.sum(seconds * w.local_power * local, axis=1)
        row, device = np.nonzero(decision)
        server = decision[row, device] - 1
        c = self.gain[row, server, device].astype(np.float64) / s.noise
        ratio = s.weight_time / s.weight_energy
        w0 = lambertw((c * ratio - 1.0) / np.e).real
        power = np.minimum(np.expm1(1.0 + w0) / c, s.max_power)
        rate = s.bandwidth * np.log1p(power * c) / np.log(2.0)
        sending = w.data_bits[device] / rate
        cell = row * s.mecs + server
        cells = self.rows * s.mecs
        load = np.bincount(cell, np.sqrt(w.cycles[device]), cells).reshape(self.rows, -1)
        time += np.bincount(row, sending, self.rows) + np.sum(load**2 / w.server_speed, axis=1)
        energy += np.bincount(row, sending * power, self.rows)
        return time, energy

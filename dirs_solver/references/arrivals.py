"""Forecasts of arrivals from who had a task so far: each cluster's phase, or whether it is on."""

import numpy as np

from mec_env.laws.coupling import backlog, backlog_kernel

_PHASES = 50
# A rate's own noise stays for long: a slot's count tells less of the phase than it seems to.
_TOLD = 0.15


class Arrivals:
    """Probabilities of a task by cluster, now and later, as an episode tells them.

    Parameters
    ----------
    scenario : Scenario
        With ``arrivals``.
    """

    def __init__(self, scenario):
        self._scenario, self._numbers = scenario, backlog.numbers(scenario)
        self.begin()

    def begin(self):
        """An episode begins."""
        clusters = self._scenario.clusters
        self._t = -1
        self._log = np.zeros((clusters, _PHASES))
        often = self._scenario.burst_on / (self._scenario.burst_on + self._scenario.burst_off)
        self._on = np.full(clusters, often)
        self._seen, self._due = np.ones(clusters), np.ones(clusters)

    def see(self, facts):
        """Count in who has a task in the episode's next slot."""
        self._t += 1
        s, clusters = self._scenario, self._scenario.clusters
        members = np.bincount(facts["cluster"], minlength=clusters)
        arrived = np.bincount(facts["cluster"], facts["present"], minlength=clusters)
        self._latest = facts["arrivals"]
        if s.arrivals == "wave":
            mean = self._wave(self._t)[None] * members[:, None]
            spread = mean * (1.0 - mean / np.maximum(members, 1)[:, None])
            spread = spread + (mean * s.wave_noise) ** 2 + 0.25
            told = -((arrived[:, None] - mean) ** 2) / (2.0 * spread) - 0.5 * np.log(spread)
            self._log += _TOLD * told
            self._log -= self._log.max(axis=1, keepdims=True)
            self._seen = 0.8 * self._seen + arrived
            self._due = 0.8 * self._due + (self._chances() * mean).sum(axis=1)
        elif s.arrivals == "bursts":
            kept = 1.0 - 1.0 / s.burst_on - 1.0 / s.burst_off
            often = s.burst_on / (s.burst_on + s.burst_off)
            before = self._on if self._t == 0 else often + kept * (self._on - often)
            low, high = np.clip([s.arrival_low, s.arrival_high], 1e-6, 1.0 - 1e-6)
            told = arrived * np.log(high / low)
            told = told + (members - arrived) * np.log((1.0 - high) / (1.0 - low))
            odds = np.log(before / (1.0 - before)) + told
            self._on = np.clip(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))), 1e-9, 1.0 - 1e-9)

    def forecast(self, ahead):
        """Mean probability of a task (clusters,) in so many slots."""
        s = self._scenario
        if s.arrivals == "wave":
            mean = self._chances() @ self._wave(self._t + ahead)
            kept = s.wave_memory**ahead
            over = np.clip((self._seen + 1.0) / (self._due + 1.0), 0.5, 2.0) ** kept
            return np.minimum(mean * over, 1.0)
        if s.arrivals == "bursts":
            kept = (1.0 - 1.0 / s.burst_on - 1.0 / s.burst_off) ** ahead
            often = s.burst_on / (s.burst_on + s.burst_off)
            on = often + kept * (self._on - often)
            return s.arrival_low + (s.arrival_high - s.arrival_low) * on
        return self._latest

    def _chances(self):
        chances = np.exp(self._log)
        return chances / chances.sum(axis=1, keepdims=True)

    def _wave(self, t):
        """Mean rates (phases,) in slot t."""
        s = self._scenario
        mean = 0.5 * s.wave_noise
        phases = (np.arange(_PHASES) + 0.5) / _PHASES
        none = np.empty((0, 0))
        # At a state of half its noise a rate is its mean.
        return np.array([backlog_kernel.rate(self._numbers, none, mean, p, t, 1) for p in phases])

"""Where devices that move came from: the places of the last slots, kept for an environment's pictures."""

import numpy as np

#: Slots that a trail goes back.
SLOTS = 10


class Trail:
    """The places of one environment's devices in the last slots of its episode."""

    def __init__(self):
        self._places = {}

    def seen(self, number, slot):
        """The trail that leads to a slot; to be called in each slot, and as often as one likes.

        Parameters
        ----------
        number : int
            The slot's number within the episode; an episode begins with 1.
        slot : mec_env.Slot

        Returns
        -------
        (K, N, 2) float or None
            Oldest first, this slot's last, K at most ``SLOTS + 1`` [m]; None if devices don't move.
        """
        if slot.coupled is None or "position" not in slot.coupled.facts:
            return None
        known = {} if number == 1 else self._places
        known = {**known, number: np.array(slot.coupled.facts["position"])}
        first = number
        while first - 1 in known and number - first < SLOTS:
            first -= 1
        self._places = {k: known[k] for k in range(first, number + 1)}
        return np.array(list(self._places.values()))

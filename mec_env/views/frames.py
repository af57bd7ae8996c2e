"""The pictures of a batch: one a row, drawn when it is asked for, and the first ones as tiles."""

import math
from collections.abc import Sequence

import numpy as np


class Frames(Sequence):
    """One picture a row, (H, W, 3) uint8 each, as Gymnasium's vector wrappers take them.

    A row is drawn when it is first asked for: a batch of a thousand costs no more than the
    rows that are looked at, and later steps don't change what is drawn.

    Parameters
    ----------
    shown : sequence
        What there is to see, row by row.
    draw : callable
        Gives the picture of one of ``shown``.
    """

    def __init__(self, shown, draw):
        self._shown, self._draw, self._drawn = shown, draw, {}

    def __len__(self):
        return len(self._shown)

    def __getitem__(self, row):
        if isinstance(row, slice):
            return tuple(self[k] for k in range(*row.indices(len(self))))
        row = range(len(self))[row]
        if row not in self._drawn:
            self._drawn[row] = self._draw(self._shown[row])
        return self._drawn[row]

    def __array__(self, dtype=None, copy=None):
        """As an array they are one picture: the first rows, tiled."""
        return self.tiled() if dtype is None else self.tiled().astype(dtype)

    def tiled(self, rows=4):
        """The first rows in one picture, side by side and one below the other.

        Parameters
        ----------
        rows : int
            How many at most, 1 or more.

        Returns
        -------
        (height, width, 3) uint8 array
            As wide as high in tiles or one narrower; tiles left over are white.
        """
        first = np.array(self[:rows])
        count, height, width, _ = first.shape
        across = math.ceil(math.sqrt(count))
        down = math.ceil(count / across)
        tiles = np.full((down * across, height, width, 3), 255, dtype=np.uint8)
        tiles[:count] = first
        tiles = tiles.reshape(down, across, height, width, 3).swapaxes(1, 2)
        return np.ascontiguousarray(tiles.reshape(down * height, across * width, 3))

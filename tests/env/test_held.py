"""What kernels are lent: the caller's own arrays, for as long as they are held."""

import gc
import sys

import numpy as np
from numba import njit

from mec_env.simulator.held import Held


@njit
def _add(held, amount):
    (array, number), factor = held.parts
    array += amount * factor
    return array.sum() + number


def test_what_a_kernel_writes_is_the_caller_s_own_array():
    array = np.zeros(3)
    held = Held(((array, 10.0), 2.0))
    assert _add(held, 1.5) == 19.0
    assert array.tolist() == [3.0, 3.0, 3.0]


def test_arrays_live_as_long_as_what_holds_them_and_no_longer():
    array = np.zeros(1000)
    before = sys.getrefcount(array)
    held = Held(((array, 0.0), 1.0))
    _add(held, 1.0)
    assert sys.getrefcount(array) > before
    del held
    gc.collect()
    assert sys.getrefcount(array) == before


def test_nobody_else_need_keep_an_array_that_is_held():
    held = Held(((np.zeros(1000), 0.0), 1.0))
    gc.collect()
    rest = [np.full(1000, np.nan) for _ in range(100)]
    assert _add(held, 1.0) == 1000.0
    assert len(rest) == 100

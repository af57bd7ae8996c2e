"""A comparison: learners on one scenario, one or two of whose fields vary.

:mod:`mec_bench.compare.points` makes the points of the grid, each a suite of its own;
:mod:`mec_bench.compare.asked` keeps what was asked for, so that a folder can be drawn again;
:mod:`mec_bench.compare.curve` takes numbers and intervals from the cells;
:mod:`mec_bench.compare.figure` and :mod:`mec_bench.compare.write` make files of them.
"""

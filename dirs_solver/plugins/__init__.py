"""Other libraries' algorithms as learners, one folder a library.

A folder has a ``manifest.py``, which imports nothing. It has ``EXTRA``, the extra to install, and
``LEARNERS``, name -> ``module:Class``. To add a library, add a folder and a line in ``MANIFESTS``,
the only other place to touch.
"""

from dirs_solver.plugins.agilerl import manifest as agilerl
from dirs_solver.plugins.benchmarl import manifest as benchmarl
from dirs_solver.plugins.pymoo import manifest as pymoo
from dirs_solver.plugins.rllib import manifest as rllib
from dirs_solver.plugins.sb3 import manifest as sb3
from dirs_solver.plugins.tianshou import manifest as tianshou
from dirs_solver.plugins.torchrl import manifest as torchrl

MANIFESTS = (pymoo, sb3, benchmarl, torchrl, tianshou, rllib, agilerl)

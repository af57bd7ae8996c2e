"""What the tests of libraries with environments of their own have in common."""

import os
import subprocess
import sys
from pathlib import Path

import mec_env
from dirs_solver import find_learner

ROOT = Path(__file__).parents[2]
#: Three servers that can't take all devices, on links that matter.
TINY = mec_env.SCENARIOS["square-km"].replace(name="tiny", iotds=20, mecs=3, slots=50)


def trained(name, slots, **settings):
    """A learner after a short training on ``TINY``."""
    learner = find_learner(name)(settings)
    learner.learn(TINY, 0, slots)
    return learner


def said_by(example, *arguments):
    """What an example prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "examples" / "others" / example), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

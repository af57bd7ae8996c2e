"""Libraries that can't live with the main set, each tested in an environment of its own.

``pip install nox``, then ``nox -s tianshou``, ``nox -s rllib`` or ``nox -s agilerl``. A session
installs the project with the library's extra and runs its test and the contract of learners.
"""

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
#: By extra: why it has an environment of its own.
APART = {
    "tianshou": "it could share the main set, but for the packages that it brings along",
    "rllib": "ray pins gymnasium to another version",
    "agilerl": "it wants another tensordict than torchrl does, and an older pettingzoo",
}

#: torch in the version of the main set, from its constraints: a newer one may be another 6 GB of
#: downloads, and nobody has tried it. The libraries' versions are the extras'.
TORCH = next(
    line
    for line in (Path(__file__).parent / "constraints.txt").read_text("utf-8").splitlines()
    if line.startswith("torch==")
)


def library(session):
    """Install the project with one extra, and run its test and its learners' contract."""
    name = session.name
    session.install("-e", f".[{name}]", TORCH, "pytest>=8", "hypothesis>=6.100")
    session.run("python", "-m", "pytest", f"tests/others/test_{name}.py", *session.posargs)
    session.run("python", "-m", "pytest", "tests/learners/test_contract.py", "-k", f"{name}-")


for _name in APART:
    nox.session(library, name=_name)

"""AgileRL, in an environment of its own: it learns."""

import pytest
import torch

pytest.importorskip("agilerl")
from dirs_solver import find_learner
from tests.others.playing import said_by, trained

torch.set_num_threads(1)


def test_it_learns_to_ask_better_prices():
    learner = trained("agilerl-ippo-prices", 8_000, learning_rate=3e-3)
    assert learner.best < learner.first
    # Of the two numbers that the library is given, one is a price.
    assert learner.policy.layers[-1][0].shape[0] == 1


def test_a_single_step_is_refused():
    with pytest.raises(ValueError, match="n_steps = 1"):
        find_learner("agilerl-ippo-prices")({"n_steps": 1})


def test_the_example_runs():
    assert "return " in said_by("agilerl_ppo.py", "2048")

"""Where far-sight counts: users that move, judged against the bound of hindsight.

    python examples/far_sight.py

Trains a rule of eight numbers for a few seconds and compares it, on an episode that it has not
seen, with who looks at one slot alone, with planning ahead, and with the bound that no policy can
pass.
"""

import mec_env
from dirs_solver import find_learner

SCENARIO = mec_env.SCENARIOS["follow-me"].replace(iotds=60, mecs=5, slots=40)


def main(seconds=5):
    """Print what each policy costs above the bound."""
    suite = mec_env.Suite("own", SCENARIO, world_seeds=(0,), episode_seeds=(0, 1))
    for name in (
        "myopic",
        "tuned-rule",
        f"learned-rule?seconds={seconds}",
        "planning",
        "hindsight",
    ):
        policy = find_learner(name)().learn(SCENARIO, seed=0)
        found = mec_env.evaluate(policy, suite)
        print(f"{name:26s} {100 * found.gap.mean():6.2f} % above the bound")


if __name__ == "__main__":
    main()

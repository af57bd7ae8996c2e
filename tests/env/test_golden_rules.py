"""What every rule comes to on the first slots of every suite, so that a change of a number is seen.

``python -m tests.env.test_golden_rules`` writes them anew, for a change that is meant; say in the
commit why the numbers moved.
"""

import json
from pathlib import Path

import pytest

import mec_env

FILE = Path(__file__).with_name("golden_rules.json")
#: The second slot of an episode starts from the first one's prices, and each world is prepared for.
WORLDS, SLOTS = 2, 2
#: Suites whose hundred training slots take seconds a world: one world of them.
LARGE = ("ladder-1000x32-v1", "ladder-10000x100-v1")
#: Not equal to the bit: compilers of other processors fuse and reorder the float64 sums over
#: devices, and the logarithms of a C library differ in the last bit. A sum of 10,000 costs keeps
#: twelve digits; another decision for one device changes more than that.
TOLERANCE = dict(rel=1e-12, abs=0.0)


def objectives(name):
    """Each rule's objectives on a suite's first slots, world after world."""
    worlds = 1 if name in LARGE else WORLDS
    suite = mec_env.SUITES[name].only(worlds=worlds, episodes=1, slots=SLOTS)
    return {
        rule: mec_env.evaluate(made(), suite).objective.tolist()
        for rule, made in mec_env.RULES.items()
    }


@pytest.mark.parametrize("name", mec_env.SUITES)
def test_what_rules_come_to_stays(name):
    golden = json.loads(FILE.read_text())[name]
    ours = objectives(name)
    assert set(ours) == set(golden)
    for rule, values in golden.items():
        assert ours[rule] == pytest.approx(values, **TOLERANCE), rule


def test_every_suite_and_rule_is_here():
    table = json.loads(FILE.read_text())
    assert set(table) == set(mec_env.SUITES)
    for name, rules in table.items():
        assert set(rules) == set(mec_env.RULES)
        scores = 1 if mec_env.SUITES[name].unit == "episode" else SLOTS
        count = scores * (1 if name in LARGE else WORLDS)
        assert all(len(values) == count for values in rules.values())


def as_text(table):
    """JSON with a line for each rule; Python writes a float with all the digits that it has."""
    suites = []
    for name, rules in table.items():
        lines = ",\n".join(f"  {json.dumps(rule)}: {json.dumps(o)}" for rule, o in rules.items())
        suites.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
    return "{\n" + ",\n".join(suites) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(as_text({name: objectives(name) for name in mec_env.SUITES}))

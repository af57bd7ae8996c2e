"""The table of references: the best rule of a scenario by the means of its episodes."""

import pytest

from benchmarks.coupled import HEAD, summary, table

ABOVE = {
    "myopic": [30.0, 40.0],
    "hindsight": [0.0, 0.02],
    "tuned-rule?rule=a": [12.0, 8.0],
    "tuned-rule?rule=b": [3.0, 15.0],
    "planning": [7.0, 8.0],
    "planning-knows": [2.0, 3.0],
    "learned-rule?seconds=35": [6.0, 5.0],
}


def rows(without=None):
    return [
        {"scenario": "harvest", "reference": name, "above": above}
        for name, above in ABOVE.items()
        if name != without
    ]


def test_a_line_holds_means_and_the_best_rule():
    ((name, found),) = summary(rows())
    assert name == "harvest"
    assert (found["best tuned rule"], found["its name"]) == (9.0, "b")
    assert found["learned rule"] == 5.5
    assert found["hindsight"] == pytest.approx(0.01)
    head, cells = table(rows())
    assert head == HEAD
    assert cells == [["harvest", "35.00", "9.00", "b", "7.50", "5.50", "2.50", "0.01"]]


@pytest.mark.parametrize("missing", ["myopic", "planning", "learned-rule?seconds=35"])
def test_a_scenario_half_measured_has_no_line(missing):
    assert summary(rows(missing)) == []

"""What a slot costs over an episode: worked out from recorded cells, and drawn on the page."""

from pathlib import Path

import numpy as np
import pytest

from mec_bench import report
from mec_bench.report.course import MOST, POINTS, courses
from mec_bench.standings import boards, load_cells
from mec_bench.store import read_decisions
from tests.bench.test_report import browser  # noqa: F401

CELLS = Path(__file__).parents[2] / "benchmarks" / "results" / "cells"
LEARNERS = ("hindsight", "myopic", "local", "tuned-rule")


def decisions(cell):
    return read_decisions(cell, CELLS)


@pytest.fixture(scope="module")
def cells():
    return [
        cell
        for cell in load_cells(CELLS)
        if (cell["suite"], cell["learner"]) == ("paper-medium-v1", "greedy")
        or (cell["suite"] == "rush-hour-v1" and cell["learner"] in LEARNERS)
    ]


def test_a_course_has_its_cells_mean_objective(cells):
    (slots, episodes) = boards(cells)
    assert courses(slots, decisions) == {}
    found = courses(episodes, decisions)
    # Everybody on their own costs three times the bound.
    assert set(found) == set(LEARNERS) - {"local"}
    assert next(s.mean for s in episodes.standings if s.learner == "local") > MOST
    for cell in cells:
        if cell["learner"] in found:
            course = found[cell["learner"]]
            assert len(course) == POINTS
            whole = np.mean(cell["means"]["objective"]) / cell["slots"]
            assert np.mean(course) == pytest.approx(whole, rel=1e-3)


def test_a_cell_that_cannot_be_replayed_has_no_course(cells):
    (_, episodes) = boards(cells)
    assert courses(episodes, lambda cell: decisions(cell)[1:]) == {}
    assert courses(episodes, lambda cell: decisions(cell) * 0 + 99) == {}


def test_the_page_draws_courses_where_there_are_any(cells, browser, tmp_path):  # noqa: F811
    page = browser.new_page()
    page.goto(report.write(cells, tmp_path, decisions)[0].as_uri())
    section = page.locator("#course-section")
    assert not section.is_visible()
    page.locator("#suite").select_option(label="rush-hour-v1")
    assert section.is_visible()
    assert section.locator("path.curve").count() == 3
    page.locator("#legend").get_by_text("hindsight").click()
    assert section.locator("path.curve").count() == 2
    page.close()

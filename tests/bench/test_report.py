"""The report: sentences by rule, Markdown that stays a table, and the page in a real browser."""

import json
import re
import shutil
import sys
from types import SimpleNamespace

import pytest

import mec_env
from mec_bench import report
from mec_bench.report.curves import mean_curve
from mec_bench.report.markdown import BEGIN, END, insert, markdown
from mec_bench.report.message import sentences, verdict
from mec_bench.report.overview import overview, shown
from mec_bench.report.page import data
from mec_bench.report.pick import first_slot
from mec_bench.report.wording import brackets, milliseconds, percent
from mec_bench.standings import boards
from tests.bench.synthetic_cells import MadeUp, cell, failed

EVIL = '</script><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{script}}'
TRAINED = [{"world": 0, "slots": 10, "curve": []}]


def duel(learner, rule, **fields):
    """A board's cells: three worlds, all with the learner's and the rule's gap."""
    return [
        cell("sb3-ppo", [learner] * 3, worlds=3, training=TRAINED, **fields),
        cell("greedy", [rule] * 3, worlds=3, **fields),
    ]


@pytest.fixture(scope="module")
def made_up():
    medium = MadeUp("paper-medium-v1", 2, 1, 3)
    for rule in ("local", "greedy", "certified"):
        medium.rule(rule)
    medium.learner("dirs", 2, 0.1, information="local")
    medium.learner("sb3-ppo", 2, 0.6)
    medium.fail("sb3-ppo", seed=2)
    medium.fail(EVIL, error=EVIL, traceback=EVIL)
    square = MadeUp("square-km-v1", 2, 1, 2)
    for rule in ("local", "greedy"):
        square.rule(rule)
    square.learner("sb3-ppo", 2, 0.02)
    return medium, square


@pytest.fixture(scope="module")
def written(made_up, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    by_suite = {part.name: part for part in made_up}
    cells = [cell for part in made_up for cell in part.cells]
    return report.write(cells, folder, lambda cell: by_suite[cell["suite"]].decisions(cell))


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium here")
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, written, request):
    """The page, opened from its file; at the end it must have asked for nothing and complained of nothing."""
    width, scheme = getattr(request, "param", (1280, "light"))
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda asking: asked.append(asking.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(written[0].as_uri())
    page.wait_for_selector("#standings table")
    yield page
    assert asked == [written[0].as_uri()]
    assert complaints == []
    assert page.evaluate("window.hacked") is None
    context.close()


def methods(page):
    return [name.strip() for name in page.locator("#standings tbody th").all_text_contents()]


def test_sort_by_clicking(page):
    assert methods(page)[0] == "certified"
    heads = page.locator("#standings thead th[aria-sort]")
    assert heads.get_attribute("aria-sort") == "ascending"
    page.get_by_role("button", name="Objective").click()
    assert heads.get_attribute("aria-sort") == "ascending"
    assert "Objective" in heads.inner_text()
    page.get_by_role("button", name="Objective").click()
    assert heads.get_attribute("aria-sort") == "descending"
    assert methods(page)[0] == "local"
    # What failed has no objective and stays last.
    assert methods(page)[-1] == EVIL


def test_sort_by_keyboard(page):
    page.get_by_role("button", name="Method").focus()
    page.keyboard.press("Enter")
    names = methods(page)
    assert names[1:] == ["certified", "dirs", "greedy", "local", "sb3-ppo"]
    # The focus stays on the button, though the table is drawn anew.
    page.keyboard.press("Enter")
    assert methods(page) == names[::-1]


def test_filters(page):
    page.get_by_text("local", exact=True).first.click()
    assert methods(page) == ["dirs"]
    assert page.locator("#speed .mark").count() == 1
    page.select_option("#suite", label="square-km-v1 (part: 2 × 1 × 2)")
    assert methods(page) == []
    assert "No method of this kind" in page.locator("#standings").inner_text()
    assert page.locator("#map-section").is_hidden()
    page.locator("#controls").get_by_text("all methods").click()
    assert sorted(methods(page)) == ["greedy", "local", "sb3-ppo"]
    assert "180 devices, 8 servers; 2 worlds × 1 episode × 2 slots" in page.inner_text("#about")


def test_figures(page):
    assert page.locator("#speed .mark").count() == 5
    assert page.locator("#profiles .curve").count() == 5
    assert page.locator("#curves .curve").count() == 2
    page.locator("#legend button", has_text="dirs").click()
    assert page.locator("#profiles .curve").count() == 4
    assert page.locator("#curves .curve").count() == 1
    page.locator("#legend button", has_text="greedy").hover()
    assert page.locator("#profiles .curve.lit").count() == 1
    assert page.inner_text("#lit").startswith("greedy: gap")


def test_map_shows_both_decisions(page, made_up):
    page.select_option("#map-method", "local")
    own, certified = page.locator("#map-method-figure"), page.locator("#map-certified-figure")
    assert own.locator(".device").count() == certified.locator(".device").count() == 30
    assert own.locator(".wire").count() == 0
    # All of those that the certified solver sends away are ringed.
    sent = int((made_up[0].decisions(made_up[0].cells[2])[0] > 0).sum())
    assert certified.locator(".wire").count() == own.locator(".other").count() == sent
    assert "0 of 30 devices offload" in own.inner_text()


def test_names_and_errors_are_text(page):
    page.locator("#failures summary").click()
    failures = page.locator("#failures").inner_text()
    assert "2 runs failed" in failures
    assert failures.count(EVIL) == 3
    assert page.locator("img").count() == 0


def test_details_say_where_it_comes_from(page):
    page.locator("#provenance summary").click()
    text = page.locator("#provenance").inner_text()
    for part in ("13 runs", "a processor, 2 cores, AVX2", "abc1234", "numpy 2.4", "2026-11-20"):
        assert part in text


@pytest.mark.parametrize("page", [(375, "light"), (375, "dark"), (1280, "dark")], indirect=True)
def test_page_never_scrolls_sideways(page):
    for summary in page.locator("summary").all():
        summary.click()
    for suite in range(2):
        page.select_option("#suite", index=suite)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
        # Nor is anything but the table and long tracebacks cut off at the side.
        cut = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroller, pre, svg')"
            " && e.offsetWidth && e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 80))"
        )
        assert cut == []
        # Names differ in their ends: what sets one learner's settings apart stands there.
        names = "[...document.querySelectorAll('tbody th')].map(e => e.scrollWidth - e.clientWidth)"
        assert max(page.evaluate(names)) <= 0


def test_schemes_differ(browser, written):
    colours = set()
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(written[0].as_uri())
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert len(colours) == 2


def test_page_without_cells(browser, tmp_path):
    html, _ = report.write([], tmp_path)
    page = browser.new_page()
    page.goto(html.as_uri())
    assert "There are no results yet." in page.inner_text("main")
    page.close()


def test_page_holds_no_address_and_one_script(written):
    html = written[0].read_text()
    assert html.count("</script>") == 2  # the data and the page's own
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}
    embedded = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])
    assert [board["label"] for board in embedded["boards"]] == [
        "paper-medium-v1 (part: 2 × 1 × 3)",
        "square-km-v1 (part: 2 × 1 × 2)",
    ]
    assert EVIL in embedded["methods"]


def test_page_without_decisions_has_no_map(made_up):
    found = data(boards(made_up[0].cells))
    assert found["boards"][0]["map"] is None


def test_map_goes_without_what_cannot_be_read(made_up):
    medium = made_up[0]
    (board,) = boards(medium.cells)

    def decisions(cell):
        if cell["learner"] in ("certified", "dirs"):
            raise OSError("no such file")
        found = medium.decisions(cell)
        return found + 2 if cell["learner"] == "sb3-ppo" else found

    picture = first_slot(board, decisions)
    # sb3-ppo's go beyond the last server; the certified decision is made anew.
    assert [entry["method"] for entry in picture["methods"]] == ["greedy", "local"]
    slot = next(iter(medium.suite.slots()))
    assert picture["certified"]["decision"] == mec_env.certify(slot).decision.tolist()
    assert picture["certified"]["gap"] == pytest.approx(0.0, abs=1e-4)
    local = next(c for c in medium.cells if c["learner"] == "local")
    assert picture["methods"][1]["objective"] == pytest.approx(local["objective"][0])
    assert picture["methods"][1]["gap"] == pytest.approx(local["gap"][0])


def test_sentences_follow_the_numbers():
    losing = boards(duel(0.30, 0.10))
    assert verdict(losing) == (
        "The best learner is beaten by a rule on paper-medium-v1 (part: 3 × 1 × 1) (greedy)."
    )
    assert sentences(losing) == [
        (
            "paper-medium-v1 (part: 3 × 1 × 1): greedy (10.00 %) learns nothing and beats the best "
            "learner, sb3-ppo (30.00 %), by 20.00 points [20.00, 20.00]."
        )
    ]
    assert verdict(boards(duel(0.10, 0.30))) == (
        "The best learner beats every rule on paper-medium-v1 (part: 3 × 1 × 1) (sb3-ppo)."
    )
    assert "sb3-ppo (10.00 %) learns and beats" in sentences(boards(duel(0.10, 0.30)))[0]
    assert "can't be told apart" in verdict(boards(duel(0.10, 0.10)))
    assert "the difference is 0 points [0, 0]" in sentences(boards(duel(0.10, 0.10)))[0]
    # Solvers are no rules: both of those that certify a slot stand apart.
    certified = [
        cell(name, [gap] * 3, worlds=3) for name, gap in (("certified", 0.0), ("slot-price", 0.01))
    ]
    assert verdict(boards([*duel(0.10, 0.30), *certified])) == (
        "The best learner beats every rule on paper-medium-v1 (part: 3 × 1 × 1) (sb3-ppo); is beaten "
        "by a certified solver on paper-medium-v1 (part: 3 × 1 × 1) (certified)."
    )
    assert verdict(boards([cell("greedy")])) is None
    assert sentences(boards([cell("greedy")])) == []
    assert sentences(boards([cell("greedy"), cell("certified", [0.0], milliseconds=2.0)])) == [
        (
            "paper-medium-v1 (part: 1 × 1 × 1): the best that learns nothing is greedy (10.00 %). The "
            "certified solver is at 0 % and takes 2.00 ms a decision, greedy 0.010 ms."
        )
    ]


def test_a_folder_brings_its_decisions(tmp_path, monkeypatch, made_up):
    square = made_up[1]
    for k, found in enumerate(square.cells):
        (tmp_path / f"{k}.json").write_text(json.dumps(found))
    asked = []

    def read_decisions(cell, folder):
        asked.append(folder)
        return square.decisions(cell)

    store = SimpleNamespace(read_decisions=read_decisions)
    monkeypatch.setitem(sys.modules, "mec_bench.store", store)
    html, _ = report.write(tmp_path, tmp_path / "out")
    assert set(asked) == {tmp_path}
    assert '"map":{"width"' in html.read_text()


def test_markdown_stays_a_table():
    text = markdown(boards([*duel(0.3, 0.1), failed("a|b\n<b>*x*", worlds=3)]))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert rows[2].startswith("| greedy | 1 | global | 10.00 % [10.00, 10.00] | 10.00 % [")
    assert rows[4].startswith(r"| a\|b &lt;b&gt;\*x\* | – |") and rows[4].endswith("| 1 |")


def test_tables_go_between_the_markers(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    report.write(duel(0.3, 0.1), tmp_path / "out", readme=readme)
    first = readme.read_text()
    assert first.startswith(f"before\n{BEGIN}\n\nThe best learner is beaten")
    assert first.endswith(f"\n\n{END}\nafter\n") and "old" not in first
    report.write(duel(0.3, 0.1), tmp_path / "out", readme=readme)
    assert readme.read_text() == first
    tables = (tmp_path / "docs" / "leaderboard.md").read_text()
    assert tables.startswith(f"# Leaderboard\n\n{BEGIN}\n\nThe best learner is beaten")
    assert "| sb3-ppo | 2 | global |" in tables and "| sb3-ppo | 2 |" not in first
    assert "| sb3-ppo | global | 30.00 % |" in first and "(docs/leaderboard.md)" in first
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "leaderboard.html",
        "leaderboard.md",
    ]
    for damaged in ("no markers", f"{END} {BEGIN}", f"{BEGIN}{BEGIN}{END}"):
        readme.write_text(damaged)
        with pytest.raises(ValueError, match="must have the lines <!-- leaderboard:begin -->"):
            insert(readme, "x")
        assert readme.read_text() == damaged


def test_the_overview_shows_ten_methods_the_best_of_each_kind():
    trained = [{"world": 0, "slots": 10, "curve": []}]

    def on(suite, spoiled=0.0):
        """Five methods of each kind, worse by their number."""
        fields = dict(worlds=3, suite=suite, deterministic=True)
        rules = ("greedy", "nearest", "remote", "random", "local")
        yield cell("certified", [0.0] * 3, **fields)
        for k in range(5):
            yield cell(rules[k], [0.1 + 0.1 * k + spoiled] * 3, **fields)
            yield cell(f"search-{k}", [0.11 + 0.1 * k] * 3, **fields)
            yield cell(f"learner-{k}", [0.12 + 0.1 * k] * 3, training=trained, **fields)

    both = boards([*on("paper-large-v1"), *on("square-km-v1", 10.0)])
    found = shown(both)
    assert len(found) == 10
    names = [by[0].learner for by in found]
    assert names[0] == "certified"
    assert {n for n in names if n.startswith("search")} == {"search-0", "search-1"}
    assert {n for n in names if n.startswith("learner")} == {f"learner-{k}" for k in range(4)}
    assert {"greedy", "nearest", "remote"} < set(names)
    rows = [line for line in overview(both).splitlines() if line.startswith("| ")]
    assert rows[0] == (
        "| Mean gap | Sees | paper-large-v1 (part: 3 × 1 × 1) | square-km-v1 (part: 3 × 1 × 1) |"
    )
    assert "| greedy | global | 10.00 % | 1,010 % |" in rows and len(rows) == 12


def test_the_overview_has_suites_that_score_episodes_apart_and_no_oracle():
    fields = dict(worlds=3, deterministic=True)
    both = boards([
        cell("greedy", [0.1] * 3, **fields),
        cell("pso", [0.2] * 3, **fields),
        cell("greedy", [0.4] * 3, suite="harvest-v1", **fields),
        cell("planning", [0.3] * 3, suite="harvest-v1", **fields),
        cell("hindsight", [0.0] * 3, suite="harvest-v1", information="future", **fields),
    ])  # fmt: skip
    slots, episodes = overview(both).split("| Mean gap")[1:]
    assert "| pso |" in slots and "harvest" not in slots
    assert "| planning | global | 30.00 % |" in episodes and "hindsight" not in episodes


def test_the_overview_takes_a_learner_s_best_settings_and_what_is_on_one_suite_last():
    large = dict(worlds=3, suite="paper-large-v1", deterministic=True)
    square = dict(worlds=3, suite="square-km-v1", deterministic=True)
    both = boards([
        cell("pso", [0.3] * 3, settings_hash="a" * 12, **large),
        cell("pso", [0.2] * 3, settings_hash="b" * 12, **large),
        cell("pso", [0.4] * 3, settings_hash="a" * 12, **square),
        cell("de", [0.1] * 3, **large),
    ])  # fmt: skip
    text = overview(both)
    assert "| pso | global | 20.00 % | 40.00 % |" in text
    assert "| de | global | 10.00 % | – |" in text
    (only,) = shown(both, {"search": 1})
    assert only[0].learner == "pso"


def test_curves_are_averaged_where_all_have_points():
    curves = [
        [[1, 0.0, 4.0, None], [2, 2.0, 2.0, 0.1]],
        [[1, 1.0, 6.0, None], [2, None, 9.0, None], [3, 3.0, 2.0, None]],
    ]
    found = mean_curve([cell("x", training=[{"world": 0, "curve": c} for c in curves])], points=3)
    assert found["seconds"] == [1.0, 1.5, 2.0]
    # 3, 2.5, 2 and 6, 5, 4.
    assert found["objective"] == [4.5, 3.75, 3.0]
    assert (found["low"], found["high"]) == ([3.0, 2.5, 2.0], [6.0, 5.0, 4.0])
    assert mean_curve([cell("greedy")]) is None
    assert mean_curve([cell("x", training=[{"curve": curves[0][:1]}])]) is None


def test_wording():
    assert [percent(x) for x in (None, 0.0, 1e-7, 0.00039, 0.0343, 5.9, 12.0)] == [
        "–", "0 %", "<0.001 %", "0.039 %", "3.43 %", "590 %", "1,200 %",
    ]  # fmt: skip
    assert [milliseconds(x) for x in (None, 0.0123, 4.567, 45.67, 924.2)] == [
        "–", "0.012", "4.57", "45.7", "924",
    ]  # fmt: skip
    assert brackets((0.1, 0.25)) == "[10.00, 25.00]"
    assert brackets(None) == brackets((None, None)) == ""

"""The page of the ablations of ``priced``."""

from benchmarks.priced import page


def test_what_other_commands_recorded_stays_on_the_page():
    text = page.PAGE.read_text(encoding="utf-8")
    kept = page.recorded(text)
    assert kept.startswith(page.RECORDED) and text.endswith(kept) and kept.count("\n## ") == 2
    assert page.recorded("nothing of others") == ""

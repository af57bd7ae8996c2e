"""The leaderboard's report: one HTML page that needs nothing else, and Markdown for the documentation."""

from pathlib import Path

from mec_bench.report.markdown import BEGIN, END, insert, markdown
from mec_bench.report.overview import overview
from mec_bench.report.page import page
from mec_bench.standings import boards, load_cells
from mec_env.whole_file import write_text

__all__ = ["insert", "markdown", "overview", "page", "write"]

#: Where the tables stand, seen from the README.
TABLES = Path("docs") / "leaderboard.md"


def write(cells, out, decisions=None, readme=None):
    """Write ``leaderboard.html`` and ``leaderboard.md``, each whole or not at all.

    Parameters
    ----------
    cells : path or list of dict
        A folder of cells, or the cells.
    out : path
        Folder to write to; made if it is not there.
    decisions : callable, optional
        decisions(cell) -> (S, N) int. By default they are read from the folder of cells. A list of
        cells has no decisions, and its page no maps.
    readme : path, optional
        A file whose part between the leaderboard's markers is replaced by a summary
        (:func:`overview`). The tables go between the markers of ``docs/leaderboard.md`` beside it,
        which is made if it is not there.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    ValueError
        For a damaged cell, or a ``readme`` without markers.
    OSError
        If a file can't be written.
    """
    if not isinstance(cells, list):
        folder = Path(cells)
        cells = load_cells(folder)
        if decisions is None:
            decisions = _reader(folder)
    standings = boards(cells)
    text = markdown(standings)
    html_file, markdown_file = Path(out) / "leaderboard.html", Path(out) / "leaderboard.md"
    html_file.parent.mkdir(parents=True, exist_ok=True)
    write_text(html_file, page(standings, decisions))
    write_text(markdown_file, "# Leaderboard\n\n" + text)
    if readme is not None:
        insert(
            readme,
            f"{overview(standings)}\nAll tables: [{TABLES.as_posix()}]({TABLES.as_posix()}).",
        )
        _insert_tables(Path(readme).parent / TABLES, text)
    return [html_file, markdown_file]


def _insert_tables(file, text):
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, f"# Leaderboard\n\n{BEGIN}\n{END}\n")
    insert(file, text)


def _reader(folder):
    from mec_bench.store import read_decisions

    return lambda cell: read_decisions(cell, folder)

"""Tables as people have them: CSV files in any encoding, with any separator and order of columns."""

import codecs
import csv
import io
import math
import os
import re

SEPARATORS = ",;\t|"
# What tables write where they have no number.
NOTHING = {"", "na", "n/a", "nan", "null", "none", "-"}
_CHUNK = 1 << 20


class NoColumn(ValueError):
    """A header without a column that is wanted."""

    def __init__(self, what, word):
        super().__init__(what, word)
        self.what, self.word = what, word


class Table:
    """The rows of a CSV file, read one by one, with the wanted columns found in its header.

    Separated by commas, semicolons, tabs or bars, in UTF-8, UTF-16 (with its mark)
    or Windows-1252; lines that begin with ``#`` may stand above the header, and
    empty rows are passed over.

    Parameters
    ----------
    path : path
    choose : callable
        Takes the header (list of str, stripped and in lower case) and returns where
        each wanted column stands (dict of int), or raises :class:`NoColumn`;
        :func:`find` does so by names.

    Attributes
    ----------
    name : str
        The file's name, for messages.
    header : list of str
    columns : dict of int
    separator : str

    Raises
    ------
    OSError
        For a file that is missing or can't be read; its kind tells why.
    ValueError
        For what is no table, or a missing column.
    """

    def __init__(self, path, choose):
        self.name = os.fspath(path)
        self._held, self._encoding = _contents(self.name)
        widest, missing = [], NoColumn("", "")
        for separator in SEPARATORS:
            self.separator = separator
            try:
                with self._open() as file:
                    rows, _ = self._reader(file)
                    self.header = [word.strip().lower() for word in next(rows, [])]
            except csv.Error as error:
                raise self._no_table(error) from None
            try:
                self.columns = choose(self.header)
                return
            except NoColumn as error:
                if len(self.header) > len(widest) or not missing.what:
                    widest, missing = self.header, error
        raise ValueError(
            f"{self.name}: no column {missing.word!r} among {', '.join(widest) or 'no columns'}; "
            f"name it with {missing.what}="
        )

    def __iter__(self):
        """Yield each row's line number and its cells (dict of str)."""
        width = len(self.header)
        try:
            with self._open() as file:
                rows, above = self._reader(file)
                next(rows, None)
                cells = self.columns.items()
                for row in rows:
                    if not any(cell.strip() for cell in row):
                        continue
                    line = above + rows.line_num
                    if any(cell.strip() for cell in row[width:]):
                        raise ValueError(
                            f"{self.where(line)}: {len(row)} cells under {width} columns; cells "
                            "with commas need quotes or another separator"
                        )
                    yield line, {w: row[k].strip() if k < len(row) else "" for w, k in cells}
        except csv.Error as error:
            raise self._no_table(error) from None

    def where(self, line):
        """A line's place, for messages."""
        return f"{self.name}, line {line}"

    def number(self, text):
        """A cell's number; NaN if it is none.

        A comma is a decimal point unless it separates columns: in a table separated
        by commas it might as well separate thousands.
        """
        try:
            return float(text if self.separator == "," else text.replace(",", "."))
        except ValueError:
            return math.nan

    def _open(self):
        if self._held is None:
            return open(self.name, encoding=self._encoding, newline="")
        return io.TextIOWrapper(io.BytesIO(self._held), encoding=self._encoding, newline="")

    def _reader(self, file):
        """A reader that begins at the header, and the number of lines above it."""
        above = 0
        for line in file:
            if not _is_no_row(line):
                break
            above += 1
        file.seek(0)
        for _ in range(above):
            next(file)
        return csv.reader(file, delimiter=self.separator), above

    def _no_table(self, error):
        return ValueError(f"{self.name}: is no CSV file ({error})")


def find(header, usual, given):
    """Where the columns stand that a caller named or that have a usual name.

    Parameters
    ----------
    header : list of str
    usual : dict of tuple of str
        The usual names of each column.
    given : dict of str or None
        The caller's name for each column, in any case.

    Returns
    -------
    dict of int

    Raises
    ------
    NoColumn
        For the first that isn't there.
    """
    columns = {}
    for what, words in usual.items():
        if given.get(what) is not None:
            words = (str(given[what]).strip().lower(),)
        at = next((header.index(word) for word in words if word in header), None)
        if at is None:
            raise NoColumn(what, words[0])
        columns[what] = at
    return columns


def _contents(name):
    """A pipe's bytes, or None for a file, which is never held whole; and the encoding."""
    try:
        with open(name, "rb") as file:
            # A pipe can be read once.
            held = None if file.seekable() else file.read()
            return held, _encoding(name, file if held is None else io.BytesIO(held))
    except FileNotFoundError:
        raise FileNotFoundError(f"{name}: there is no such file") from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{name}: is a folder, must be a CSV file") from None
    except OSError as error:
        raise type(error)(f"{name}: can't be read ({error.strerror})") from None


def _encoding(name, file):
    marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    # Windows-1252 comes last: it takes nearly anything.
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while data := file.read(_CHUNK):
                decoder.decode(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise ValueError(f"{name}: is no CSV file in UTF-8, UTF-16 or Windows-1252")


def _is_no_row(line):
    """Whether a line above the header is empty, a comment or a spreadsheet's ``sep=;``."""
    text = line.strip()
    return not text or text.startswith("#") or re.fullmatch(r'"?sep=."?', text, re.IGNORECASE)

"""Numbers as text, alike on the page, in Markdown and in sentences."""

MISSING = "–"


def number(value, form=""):
    """A number in a format; a dash for None."""
    return MISSING if value is None else format(value, form)


def percent(value, unit=" %"):
    """A share as percent, with as many decimals as it can do with."""
    if value is None:
        return MISSING
    value = 100.0 * value
    if abs(value) < 5e-4:
        return f"<0.001{unit}" if value else f"0{unit}"
    size = abs(value)
    decimals = 3 if size < 1 else 2 if size < 100 else 0
    return f"{value:,.{decimals}f}{unit}"


def milliseconds(value):
    """A time in ms: to the microsecond, or to three digits."""
    if value is None:
        return MISSING
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0}f}"


def points(value):
    """A difference of shares, in percentage points with its sign."""
    return MISSING if value is None else ("+" if value >= 0 else "") + percent(value, "")


def brackets(bounds):
    """An interval of shares in percent; empty for None."""
    if bounds is None or bounds[0] is None:
        return ""
    return "[" + ", ".join(percent(bound, "") for bound in bounds) + "]"


def listed(words):
    """a, b and c."""
    words = list(words)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]

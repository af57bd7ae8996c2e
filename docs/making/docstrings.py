"""An extension of Griffe: our docstrings, written for the terminal, as Markdown."""

import re

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data):`~?([^`]+)`")
#: A word on a line of its own above indented lines: a term and what it means.
TERM = re.compile(r"^(\w[\w ]{0,30})\n((?:    .*\n?)+)", re.MULTILINE)
NAME = re.compile(r"``[^`]+``:")
SECTION = re.compile(r"^\w[\w ]*\n-{3,}", re.MULTILINE)


def as_markdown(text):
    """Roles become code, and in the part before the first section terms become a list of them."""
    text = ROLE.sub(r"`\1`", text)
    first = SECTION.search(text)
    head, rest = (text[: first.start()], text[first.start() :]) if first else (text, "")

    def defined(found):
        lines = found.group(2).splitlines()
        # A line that begins with a name and a colon is one of several: a paragraph of its own.
        body = "\n".join(
            ("\n" * bool(at and NAME.match(line.strip())) + f"    {line.strip()}").rstrip(" ")
            for at, line in enumerate(lines)
        )
        return f"{found.group(1)}\n:{body[1:]}\n\n"

    return TERM.sub(defined, head) + rest


class Docstrings(griffe.Extension):
    """Rewrites every docstring once it has been read."""

    def on_instance(self, *, obj, **kwargs):
        """Of a module, class, function or attribute."""
        if not obj.is_alias and obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)

"""Rows of text as a table, for the terminal and for Markdown."""


def text_table(head, rows):
    """Right-aligned columns, the first one left-aligned."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    out = []
    for line in lines:
        padded = [line[0].ljust(widths[0])]
        padded += [text.rjust(width) for text, width in zip(line[1:], widths[1:])]
        out.append("  ".join(padded).rstrip())
    return "\n".join(out)


def markdown_table(head, rows):
    """The same as a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)

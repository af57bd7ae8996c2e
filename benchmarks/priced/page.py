"""The page of the ablations, docs/priced.md, made from what was measured."""

from pathlib import Path

from mec_bench.tables import markdown_table

PAGE = Path(__file__).parents[2] / "docs" / "priced.md"
#: What stands below is not of this command.
RECORDED = "<!-- recorded elsewhere -->\n"


def _percent(numbers):
    mean, low, high = numbers
    digits = 2 if mean >= 1.0 else 3 if mean >= 0.001 else 4
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def ladder_table(results):
    """Head and rows: step by step, a constant price and the network."""
    rows = [[name, *map(_percent, row)] for name, *row in results["ladder"]]
    return ["", "constant price", "network"], rows


def recorded(text):
    """What a page has from ``RECORDED`` on: figures that other commands recorded, and this one keeps."""
    _, mark, rest = text.partition(RECORDED)
    return mark + rest


def _table(head, rows):
    return markdown_table(head, [[name, *map(_percent, row)] for name, *row in rows])


def page(results, record):
    """The Markdown page."""
    by_name = {name: row for name, *row in results["ladder"]}
    fifty = next(row for name, *row in results["elsewhere"] if name == "square-50m")
    names = results["policies"]
    guarded, network, stay = (
        fifty[names.index(name)] for name in ("guarded", "network", "network, refused stay")
    )
    second = ", ".join(f"{_percent(numbers)} %" for numbers in results["second"])
    return f"""# What each part of `priced` brings

`priced` decides by one price a server. A server's price is its calibrated mean, corrected by a small
network that sees the server's own column of gains, the slot's tasks and the static map, and asked a
little too cheap. Devices take their cheapest option, servers keep the best subset of those who come,
and who is refused asks its next server. `priced-1` and `priced-2` then broadcast each server's load
once and twice, after which devices ask again. Numbers are percent above the certified bound, with
95 % bootstrap intervals over worlds; lower is better.

## Step by step, on square-km-v1

{markdown_table(*ladder_table(results))}

The network alone takes a constant price from {_percent(by_name["raw"][0])} to
{_percent(by_name["raw"][1])} %. *Asked lower*: the shift is chosen on a hundred training slots.
*Refused ask on*: no number is exchanged, a refusal is an answer.

## What the network learned from, taken away

{_table(["trained with", "raw", "asked lower", "refused ask on"], results["trained"])}

## A second price

Servers that count who asked at a first price and then ask a second one, by another network, are at
{second} with no, one and two broadcasts after it; refused devices don't ask on here.

## Elsewhere, untrained there

{_table(["task", *names], results["elsewhere"])}

*Guarded*: the correction times 0, 0.5 or 1, chosen on training slots, as `priced` does. On `square-50m`
links hardly differ, so that loads jump with the price: the network alone is at {_percent(network)} %,
and the guard brings it to {_percent(guarded)} %. What mends most of it are refused devices that ask on: without
them the network is at {_percent(stay)} %.

Made by `{record["command"]}`, revision {record["revision"]}, {record["machine"]["processor"]}.
"""

"""An evaluation as a table to read: a line a world, their mean, its bootstrap interval."""

#: Heading, and what of an Evaluation stands below it.
COLUMNS = {
    "objective": lambda record: record.objective,
    "gap [%]": lambda record: 100.0 * record.gap,
    "NRR": lambda record: record.nrr,
    "time [s]": lambda record: record.time,
    "energy [J]": lambda record: record.energy,
    "offloaded [%]": lambda record: 100.0 * record.offloaded,
}


def table(record):
    """The table of an Evaluation, as text; its first line is the evaluation's own.

    An interval is shown if there are at least two worlds, or two episodes of a single world.
    """
    suite = record.suite
    worlds = len(suite.world_seeds)
    values = [column(record) for column in COLUMNS.values()]
    means = [column.reshape(worlds, -1).mean(axis=1) for column in values]
    rows = [["world", *COLUMNS]]
    rows += [
        [str(seed), *(f"{mean[k]:.4g}" for mean in means)]
        for k, seed in enumerate(suite.world_seeds)
    ]
    intervals = [record.interval(column) for column in values]
    ends = ["mean", "from", "to"] if worlds > 1 or len(suite.episode_seeds) > 1 else ["mean"]
    rows += [[end, *(f"{i[place]:.4g}" for i in intervals)] for place, end in enumerate(ends)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    first, *others = widths
    lines = [
        "  ".join(
            [row[0].ljust(first), *(c.rjust(w) for c, w in zip(row[1:], others, strict=True))]
        )
        for row in rows
    ]
    return "\n".join([repr(record), *lines])

"""The paper's Figs. 6 and 7, on its large tasks: which cells each needs, its rows, its claims and its drawing."""

import numpy as np

import mec_env
from benchmarks.paper import rules as rule
from benchmarks.paper import style
from benchmarks.paper.plan import LATER, PAPER, column, mean, rival, text
from benchmarks.paper.rules import Claim, nothing_printed

# Fig. 6: weights ----------------------------------------------------------------------------

FIG6 = {
    "(1.5, 0.5)": "paper-large-time-sensitive",
    "(1, 1)": "paper-large",
    "(0.5, 1.5)": "paper-large-energy-sensitive",
}


def fig6_cells(plan):
    """A training per pair of weights, and the optimum of each."""
    out = {k: plan.training(name, name) for k, name in FIG6.items()}
    return out | {f"{k} rules": plan.ruled(name, name, ("certified",)) for k, name in FIG6.items()}


def fig6_rows(results, plan):
    """Time and energy of DIRS and of the optimum."""
    rows = [
        [k, *(text(mean(results[k], "judged", w)) for w in ("time", "energy")),
         *(text(mean(results[f"{k} rules"], "certified", w)) for w in ("time", "energy")),
         text(100 * mean(results[k], "judged", "gap"))]
        for k in FIG6
    ]  # fmt: skip
    head = [
        "weights (time, energy)",
        "time",
        "energy",
        "optimum's time",
        "optimum's energy",
        "% above bound",
    ]
    return head, rows, "The paper's values are not printed."


def fig6_claims(results, plan):
    """Time falls as its weight grows; so does energy."""
    out = []
    for what, order, symbol in (
        ("time", list(FIG6)[::-1], "phi_T"),
        ("energy", list(FIG6), "phi_E"),
    ):
        series = [column(results[k], "judged", what) for k in order]
        names = [f"{what} {k}" for k in order]
        out.append(
            Claim(
                "V-C, Fig. 6",
                f"{what} falls as {symbol} grows",
                rule.falling(series, names),
                nothing_printed(),
            )
        )
    return out


def fig6_draw(figure, results, plan):
    """Bars of time and energy by weights, and the optimum's as a stroke across each."""
    axis, at = figure.subplots(), np.arange(len(FIG6))
    for j, (shift, what) in enumerate(((-0.2, "time"), (0.2, "energy"))):
        values = np.array([column(results[k], "judged", what) for k in FIG6]).T
        unit = {"time": "s", "energy": "J"}[what]
        axis.bar(
            at + shift, values.mean(axis=0), 0.38, yerr=style.half_width(values), capsize=3,
            color=style.COLOURS[j], label=f"DIRS: {what} [{unit}]",
        )  # fmt: skip
        best = [mean(results[f"{k} rules"], "certified", what) for k in FIG6]
        axis.hlines(
            best, at + shift - 0.19, at + shift + 0.19, color="#000000", linewidth=2,
            label="certified optimum" if j else None,
        )  # fmt: skip
    axis.grid(visible=False, axis="x")
    axis.set_xticks(at, [f"φ = {k}" for k in FIG6])
    axis.set(xlabel="weights of time [1/s] and energy [1/J]", ylabel="sum over devices [s], [J]")
    style.key(figure, axis)


# Fig. 7: devices ----------------------------------------------------------------------------

FIG7_RULES = {"Remote": "remote", "Random": "random", "Local": "local"}
FIG7_EXTRA = ("best-link+admission", "certified")


def _numbers(plan):
    return (50, 200) if plan.quick else tuple(range(50, 201, 25))


def fig7_cells(plan):
    """Trainings and rules for each number of devices, 10 servers on 50 m."""
    out = {}
    for n in _numbers(plan):
        scenario = mec_env.SCENARIOS["paper-xlarge"].replace(name=f"fig7-{n}", iotds=n)
        out[f"DIRS {n}"] = plan.training(f"fig7-{n}", scenario)
        if found := rival("MADDPG"):
            out[f"MADDPG {n}"] = plan.training(f"fig7-{n}", scenario, learner=found)
        out[f"rules {n}"] = plan.ruled(f"fig7-{n}", scenario, (*FIG7_RULES.values(), *FIG7_EXTRA))
    return out


def _fig7(results, name, n):
    """Objectives (W,) of a method at n devices, or None."""
    if name in ("DIRS", "MADDPG"):
        return column(results.get(f"{name} {n}"), "judged", "objective")
    return column(results[f"rules {n}"], FIG7_RULES.get(name, name), "objective")


def fig7_rows(results, plan):
    """Objective by devices and method."""
    rows = []
    for name in ("DIRS", "MADDPG", *FIG7_RULES, *FIG7_EXTRA):
        values = [_fig7(results, name, n) for n in _numbers(plan)]
        there = values[0] is not None
        rows.append(
            [
                name if there else f"{name} ({LATER})",
                *(text(None if v is None else v.mean()) for v in values),
            ]
        )
    # Table V's task is this figure's last one.
    printed = {200: PAPER["table5"]["DIRS"]["objective"]}
    rows.append(["DIRS, paper's Table V", *(text(printed.get(n)) for n in _numbers(plan))])
    head = ["objective at N =", *map(str, _numbers(plan))]
    return head, rows, "The figure's own values are not printed."


def fig7_claims(results, plan):
    """DIRS lowest where N is large; MADDPG better than the rules."""
    place, none = "V-D, Fig. 7", nothing_printed()
    large = [n for n in _numbers(plan) if n >= 150]
    claims = []
    for other in ("MADDPG", *FIG7_RULES):
        verdict = rule.every(
            rule.below(_fig7(results, "DIRS", n), _fig7(results, other, n), (f"DIRS at {n}", other))
            for n in large
        )
        claims.append(
            Claim(place, f"DIRS is below {other} at large N (150 and more, ours)", verdict, none)
        )
    for other in FIG7_RULES:
        verdict = rule.every(
            rule.below(
                _fig7(results, "MADDPG", n), _fig7(results, other, n), (f"MADDPG at {n}", other)
            )
            for n in _numbers(plan)
        )
        claims.append(Claim(place, f"MADDPG is below {other}", verdict, none))
    return claims


def fig7_draw(figure, results, plan):
    """Objective over the number of devices, and below how far above the certified optimum it is."""
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2.4))
    at = _numbers(plan)
    best = np.array([_fig7(results, "certified", n) for n in at]).T
    for j, name in enumerate(("DIRS", "MADDPG", *FIG7_RULES, FIG7_EXTRA[0])):
        values = [_fig7(results, name, n) for n in at]
        if values[0] is None:
            continue
        values = np.array(values).T
        style.line(upper, at, values, j, name)
        style.line(lower, at, 100.0 * (values / best - 1.0), j, name)
    upper.plot(at, best.mean(axis=0), label="certified optimum", marker="_", **style.BOUND)
    lower.set_yscale("symlog", linthresh=0.1, linscale=0.3)
    lower.set_yticks((0.0, 0.1, 1.0, 10.0, 100.0), ("0", "0.1", "1", "10", "100"))
    lower.minorticks_off()
    lower.set_ylim(bottom=0.0)
    lower.set_xticks(at)
    upper.set_ylabel("objective of a slot [s + J]")
    lower.set(xlabel="number of devices", ylabel="above the optimum [%]")
    style.key(figure, upper)

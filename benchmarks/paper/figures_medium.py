"""The paper's Figs. 3 to 5, on its medium task: which cells each needs, its rows, its claims and its drawing."""

import numpy as np

import mec_env
from benchmarks.paper import rules as rule
from benchmarks.paper import style
from benchmarks.paper.pieces import BIN
from benchmarks.paper.plan import PAPER, mean, text
from benchmarks.paper.rules import Claim, nothing_printed

# Fig. 3: losses -----------------------------------------------------------------------------

# Fig. 3's level looks like Keras' mean over devices; as written, (14) is a sum.
FIG3 = {
    "DIRS": dict(loss_over_devices="mean"),
    "no imitation": dict(loss_over_devices="mean", imitation=False),
    "DIRS, sum over devices": {},
}
# What an "iteration" of Fig. 3 may be: an update of the pre-training, or an online training.
FIG3_READINGS = {
    "pre-training": ("DIRS", "pre-training"),
    "online": ("DIRS", "online"),
    "online without imitation": ("no imitation", "online"),
}


def fig3_cells(plan):
    """Trainings that keep each agent's losses."""
    return {
        name: plan.training(f"fig3-{name.replace(' ', '-').replace(',', '')}", "paper-medium", keep_losses=True, **changed)
        for name, changed in FIG3.items()
    }  # fmt: skip


def _losses(cells, stage, agent=None):
    """Losses (W, iterations) of one agent or the mean of all."""
    rows = [np.array(cell["losses"][stage]) for cell in cells]
    return np.array([r.mean(axis=0) if agent is None else r[agent] for r in rows])


def fig3_rows(results, plan):
    """Loss at the start, at 300 iterations and at the end."""
    rows = []
    for name in FIG3:
        scale = 1 if "mean" in str(FIG3[name]) else mec_env.SCENARIOS["paper-medium"].iotds
        for stage in ("pre-training", "online"):
            if not results[name][0]["losses"][stage]:
                continue
            for agent in range(2):
                curve = _losses(results[name], stage, agent).mean(axis=0) / scale
                at = min(PAPER["fig3"]["iterations"], len(curve)) - 1
                rows.append(
                    [
                        f"{name}: agent {agent + 1}, {stage}",
                        *(text(x, ".3f") for x in (curve[0], curve[at], curve[-10:].mean())),
                        "0.2",
                    ]
                )
    note = "Losses over the number of devices where they are sums. Online: one iteration is a training every 10 slots."
    return ["", "first", "at 300", "last", "paper after 300"], rows, note  # fmt: skip


def fig3_claims(results, plan):
    """Loss settles at about 0.2 after about 300 iterations."""
    claims = []
    for reading, (name, stage) in FIG3_READINGS.items():
        for agent in range(2):
            curve = _losses(results[name], stage, agent)
            length = curve.shape[1]
            # Iteration 300, or where as much of a shorter run has passed; the online stage has 300.
            at = min(PAPER["fig3"]["iterations"], int(0.8 * length))
            width = max(1, (length - at) // 2)
            early, late = curve[:, at : at + width].mean(axis=1), curve[:, -width:].mean(axis=1)
            claims.append(
                Claim(
                    "V-B, Fig. 3",
                    f"agent {agent + 1}'s loss settles (within 10 %, ours) by iteration {at}, read as {reading}",
                    rule.alike(early, late, (f"loss from {at}", "at the end"), 0.1), nothing_printed(),
                )
            )  # fmt: skip
            claims.append(
                Claim(
                    "V-B, Fig. 3",
                    f"agent {agent + 1}'s loss ends at about 0.2 (0.15 to 0.25, ours), read as {reading}",
                    rule.within(late, 0.15, 0.25, "loss at the end"),
                    nothing_printed(),
                )
            )
    return claims


def fig3_draw(figure, results, plan):
    """Loss over iterations, a panel per reading."""
    axes = figure.subplots(1, 3, sharey=True)
    for axis, (reading, (name, stage)) in zip(axes, FIG3_READINGS.items()):
        for agent in range(2):
            curves = _losses(results[name], stage, agent)
            at = 1 + np.arange(curves.shape[1])
            style.line(axis, at, curves, agent, f"agent {agent + 1}", marks=False)
        axis.axhline(0.2, label="paper: about 0.2", **style.PRINTED)
        axis.set(title=reading, xlabel="iteration")
    axes[0].set_ylabel("loss, mean over devices")
    style.key(figure, axes[0])


# Fig. 4: searches ---------------------------------------------------------------------------

ETAS = (0.01, 0.1, 1.0)
OVER = {"all": "[a, f, p]", "decisions": "decisions"}


def _lengths(plan):
    return (10, 40) if plan.quick else (10, 400)


def fig4_cells(plan):
    """Searches from random decisions: proposed and classic, each eta, short and long."""
    judged, out = {"episodes": 1, "slots": 3} if plan.quick else {"episodes": 2, "slots": 50}, {}
    for over in OVER:
        for generations in _lengths(plan):
            for method in ("proposed", "classic"):
                # Over decisions the proposed search has no eta.
                for eta in ETAS if (method, over) != ("proposed", "decisions") else (0.0,):
                    search = dict(
                        method=method, over=over, population=5, generations=generations,
                        beta=1.5, threshold=0.4, eta=eta,
                    )  # fmt: skip
                    label = f"{method}-{over}-{generations}-{eta}"
                    out[label] = plan.each_world(
                        "search", label, "paper-medium", search=search, judged=judged
                    )
    return out


def _best_search(results, method, over, generations):
    """(eta, cells) of the eta whose search ends lowest."""
    prefix = f"{method}-{over}-{generations}-"
    found = {k.removeprefix(prefix): v for k, v in results.items() if k.startswith(prefix)}
    eta = min(found, key=lambda e: np.mean([c["curve"][-1] for c in found[e]]))
    return eta, found[eta]


def fig4_rows(results, plan):
    """Fitness at the start and at the end."""
    rows = []
    for over, label in OVER.items():
        for generations in _lengths(plan):
            for method in ("proposed", "classic"):
                eta, cells = _best_search(results, method, over, generations)
                curve = np.mean([c["curve"] for c in cells], axis=0)
                optimum = mean(cells, "optimum")
                name = f"{method} over {label}, G {generations}"
                rows.append(
                    [
                        name,
                        "-" if eta == "0.0" else eta,
                        text(curve[0]),
                        text(curve[-1]),
                        text(optimum),
                        text(100 * (curve[-1] / optimum - 1), ".1f"),
                    ]
                )
    note = "Best eta of 0.01, 0.1, 1 for each; population 5, beta 1.5; the paper's fitness is not printed."
    return ["", "eta", "first", "last", "optimum", "% above"], rows, note  # fmt: skip


def fig4_claims(results, plan):
    """The proposed search ends below the classic one, each at its best eta."""
    claims = []
    for over, label in OVER.items():
        for generations in _lengths(plan):
            ends = [
                np.array([c["curve"][-1] for c in _best_search(results, m, over, generations)[1]])
                for m in ("proposed", "classic")
            ]
            claims.append(
                Claim(
                    "V-B, Fig. 4",
                    f"the proposed search ends below the classic one (over {label}, {generations} iterations)",
                    rule.below(*ends, ("proposed", "classic")), nothing_printed(),
                )
            )  # fmt: skip
    return claims


def fig4_draw(figure, results, plan):
    """Fitness over iterations."""
    axes = figure.subplots(1, 4)
    panels = [(over, g) for over in OVER for g in _lengths(plan)]
    for axis, (over, generations) in zip(axes, panels):
        for j, method in enumerate(("proposed", "classic")):
            eta, cells = _best_search(results, method, over, generations)
            curves = np.array([c["curve"] for c in cells])
            label = f"{method}, η = {eta}" if eta != "0.0" else method
            style.line(axis, np.arange(curves.shape[1]), curves, j, label, marks=False)
        axis.axhline(mean(cells, "optimum"), label="certified optimum", **style.BOUND)
        axis.set(title=f"over {OVER[over]}, {generations} iterations", xlabel="iteration")
        # The best eta differs from panel to panel.
        axis.legend(loc="upper right", fontsize=9)
    axes[0].set_ylabel("fitness: objective of a slot [s + J]")


# Fig. 5: rewards ----------------------------------------------------------------------------

FIG5 = {
    "DIRS": {},
    "Lévy": dict(imitation=False),
    "ε-greedy raw": dict(imitation=False, refinement="epsilon"),
    "ε-greedy selected": dict(imitation=False, refinement="epsilon-selected"),
}
_LABELS = dict(zip(FIG5, ("dirs", "levy", "epsilon", "epsilon-selected")))


def fig5_cells(plan):
    """Trainings with and without imitation and Lévy search, and the optimum beside them."""
    out = {
        name: plan.training(f"fig5-{_LABELS[name]}", "paper-medium", **changed)
        for name, changed in FIG5.items()
    }
    return out | {"rules": plan.ruled("paper-medium", "paper-medium", ("certified",))}


def final_reward(curve):
    """Mean of the last sixth of a reward curve: 500 of 3000 slots."""
    return float(np.mean(curve[-max(1, len(curve) // 6) :]))


def slots_to(curve, level):
    """Slots until a reward curve first reaches a level; its length if it never does."""
    reached = np.flatnonzero(np.asarray(curve) >= level)
    return BIN * float(reached[0] if reached.size else len(curve))


def _speeds(results, a, b):
    """Slots that two variants take to 99 % (ours) of the lesser final reward, by world."""
    pairs = [(x["reward_curve"], y["reward_curve"]) for x, y in zip(results[a], results[b])]
    levels = [0.99 * min(final_reward(x), final_reward(y)) for x, y in pairs]
    return [[slots_to(pair[k], level) for pair, level in zip(pairs, levels)] for k in range(2)]


def _finals(results, name):
    return np.array([final_reward(c["reward_curve"]) for c in results[name]])


def fig5_rows(results, plan):
    """Final reward and the judged gap."""
    best = 1.0 / mean(results["rules"], "certified", "objective")
    rows = [
        [name, text(mean(results[name], "reward_curve", 0), ".5f"), text(_finals(results, name).mean(), ".5f"), text(best, ".5f"), text(100 * mean(results[name], "judged", "gap"))]
        for name in FIG5
    ]  # fmt: skip
    note = "Reward of the vote, mean of the first 50 slots and of the last sixth of the training; the paper's values are not printed."
    return ["", "first", "final reward", "optimum's", "judged, % above bound"], rows, note


def fig5_claims(results, plan):
    """Lévy ends above epsilon-greedy; imitation is faster, and ends highest."""
    place, none = "V-B, Fig. 5", nothing_printed()
    finals = {name: _finals(results, name) for name in FIG5}
    claims = []
    for higher, lower in (
        ("Lévy", "ε-greedy raw"),
        ("Lévy", "ε-greedy selected"),
        ("DIRS", "Lévy"),
    ):
        verdict = rule.below(finals[lower], finals[higher], (lower, higher))
        claims.append(Claim(place, f"{higher} ends at a higher reward than {lower}", verdict, none))
    for slow in ("Lévy", "ε-greedy raw", "ε-greedy selected"):
        verdict = rule.below(*_speeds(results, "DIRS", slow), ("slots of DIRS", slow))
        claims.append(
            Claim(
                place,
                f"DIRS converges faster than {slow} (to 99 % of the lesser final reward, ours)",
                verdict,
                none,
            )
        )
    return claims


def fig5_draw(figure, results, plan):
    """Average reward over slots."""
    axis = figure.subplots()
    for j, name in enumerate(FIG5):
        curves = np.array([c["reward_curve"] for c in results[name]])
        at = BIN * (np.arange(curves.shape[1]) + 0.5)
        style.line(axis, at, curves, j, name, markevery=(3 * j, 12))
    best = 1.0 / mean(results["rules"], "certified", "objective")
    axis.axhline(best, label="certified optimum", **style.BOUND)
    axis.set(xlabel="slot of the training", ylabel="average reward, 1 / objective [1/(s + J)]")
    style.key(figure, axis, 3)

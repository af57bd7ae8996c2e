"""What a scenario is like: its bound in a sample slot, how far rules are off, a picture."""

import numpy as np
from gymnasium.error import DependencyNotInstalled

import mec_env
from mec_env.judging.rules import RULES
from mec_env.judging.suite import Suite
from mec_env.whole_file import whole_file

#: Rules whose work for a slot grows faster than the network: left out beyond so many links.
_MOST_LINKS = 2_000_000


def audit_of(scenario, slots):
    """A sample slot's certificate, and each rule's mean distance above the bound [%].

    Parameters
    ----------
    scenario : Scenario
    slots : int
        That rules are judged on; an episode of a coupled scenario is as long.

    Returns
    -------
    dict
        ``slot`` (lower_bound, objective, gap_percent, local, offloaded) and ``rules``.
    """
    suite = Suite(scenario.name, scenario.replace(slots=slots), (scenario.world_seed,), (0,))
    slot = next(suite.slots())
    certificate = mec_env.certify(slot)
    bounds, gaps = None, {}
    for name, rule in RULES.items():
        if scenario.iotds * scenario.mecs > _MOST_LINKS and name not in ("local", "greedy"):
            continue
        found = mec_env.evaluate(rule(), suite, bounds=bounds)
        bounds = found.lower_bound, found.best
        gaps[name] = float(100.0 * np.mean(found.gap))
    return {
        "slot": {
            "lower_bound": certificate.lower_bound,
            "objective": certificate.objective,
            "gap_percent": 100.0 * certificate.gap,
            "local": float(slot.local_cost.sum()),
            "offloaded": float(np.mean(certificate.decision > 0)),
        },
        "rules": dict(sorted(gaps.items(), key=lambda item: item[1])),
    }


def meaning_of(rule):
    """The first sentence of what a rule says of itself, without its markup."""
    return (RULES[rule].__doc__ or "").strip().partition("\n")[0].translate({42: None, 96: None})


def draw(scenario, path):
    """Draw the first slot with its certified decision to a PNG file.

    Raises
    ------
    ImportError
        Naming the extra, without what draws.
    """
    from mec_env.views.canvas import import_pygame

    try:
        import_pygame()
    except DependencyNotInstalled as error:
        raise ImportError(str(error)) from None
    try:
        from matplotlib.image import imsave
    except ImportError:
        raise ImportError(
            'a picture needs matplotlib: pip install "mec-offloading[bench]"'
        ) from None
    env = mec_env.MECEnv(scenario=scenario, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(mec_env.certify(env.slot).decision)
    pixels = env.render()
    with whole_file(path) as out:
        imsave(out, pixels, format="png")
    env.close()

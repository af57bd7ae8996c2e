"""What a picture of a slot shows of a coupling: where devices are now, and figures beside the map."""

import numpy as np


def coupled_view(slot, world, decision):
    """What is to be seen of a slot that may be coupled to others.

    Parameters
    ----------
    slot : mec_env.Slot
    world : mec_env.simulator.world.World
    decision : (N,) int or None

    Returns
    -------
    device_xy : (N, 2) float
        Where devices are in this slot [m].
    decision : (N,) int or None
        With devices at home whose link is not open to them.
    figures : dict of str to str
        To be written beside the map, by name.
    """
    if slot.coupled is None:
        return world.device_xy, decision, {}
    facts, figures = slot.coupled.facts, {}
    if decision is not None:
        decision = slot.coupled.open_to(np.asarray(decision))
    if "holder" in facts:
        figures["Migrations"] = "–"
        if decision is not None:
            moved = (decision > 0) & (decision != facts["holder"])
            figures["Migrations"] = f"{moved.sum():,}"
    elif "level" in facts:
        top = 100.0 * facts["level"].mean() / max(facts["levels"], 1)
        figures["Battery"] = f"{top:.0f} %"
        # The day begins with the sun: laws.coupling.battery_kernel.harvest.
        figures["Since dawn"] = f"{24.0 * float(facts['hour']):.1f} h"
    elif "waiting" in facts:
        figures["Tasks"] = f"{facts['present'].sum():,} of {facts['present'].size:,}"
        figures["Waiting"] = f"{facts['waiting'].sum():,.0f}"
    return facts.get("position", world.device_xy), decision, figures

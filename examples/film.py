"""A film of an episode: hindsight's decisions, slot by slot, as the environment draws them.

    python examples/film.py [follow-me] [follow-me.mp4] [60]

A scenario's name (``harvest`` shows devices that live on the sun), a file, and how many slots. Needs
``pip install "mec-offloading[video]"``.
"""

import sys

import mec_env


def film(name, slots):
    """Frames of an episode, and its objective over the bound that no policy can pass."""
    scenario = mec_env.SCENARIOS[name].replace(slots=slots)
    best = mec_env.hindsight(mec_env.record(scenario, seed=0))
    env, cost = mec_env.MECEnv(scenario, render_mode="rgb_array"), 0.0
    env.reset(seed=0)
    frames = [env.render()]
    for decision in best.decisions:
        cost += env.step(decision)[4]["objective"]
        frames.append(env.render())
    return frames, cost / best.lower_bound


def main(name="follow-me", path=None, slots=60):
    """Write the film; print what the decisions in it cost."""
    from moviepy import ImageSequenceClip

    path = path or f"{name}.mp4"
    frames, ratio = film(name, int(slots))
    ImageSequenceClip(frames, fps=6).resized(0.75).write_videofile(path, logger=None)
    print(f"{path}: {len(frames)} frames, {100 * (ratio - 1):.3f} % above the bound")


if __name__ == "__main__":
    main(*sys.argv[1:])

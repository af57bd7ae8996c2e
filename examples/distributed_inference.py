"""A process per server, each given its own column: distributed_inference.py [training slots] [suite]"""

import sys
import tempfile

import numpy as np

import mec_env
from dirs_solver import DIRS, Settings
from dirs_solver.dirs.distributed import Ensemble, save_agent


def main(slots="1000", suite="paper-medium-v1"):
    suite, same, seconds, exchanged = mec_env.SUITES[suite], [], [], 0
    few = dict(demonstration_count=64, pretraining=100)  # the point is the inference
    settings = Settings(demonstrations="certified", inputs="gains+tasks", batch=64, **few)
    for world, scenario in suite.worlds():
        policy = DIRS(settings).learn(scenario, seed=world, slots=int(slots))
        with tempfile.TemporaryDirectory() as folder:
            paths = [f"{folder}/mec_{j}.safetensors" for j in range(scenario.mecs)]
            for j, path in enumerate(paths):
                save_agent(policy, j, path)
            env = mec_env.MECParallelEnv.for_evaluation(scenario)
            with Ensemble(paths, scenario.iotds) as ensemble:
                for seed in suite.episode_seeds:
                    seen, _ = env.reset(seed=seed)
                    while env.agents:
                        decision = ensemble.decide(seen.values())
                        same.append(np.array_equal(decision, policy.vote(env.state())))
                        seen, *_ = env.step({a: policy.act(a, o) for a, o in seen.items()})
        seconds += ensemble.seconds
        exchanged += ensemble.sent + ensemble.received
    print(f"{sum(same)} of {len(same)} decisions equal the library's")
    print(f"{exchanged / len(same):.0f} bytes exchanged a slot")
    print(f"median latency {1e3 * np.median(seconds):.2f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Distributed inference: a process per server, each given its own column and nothing else.

python examples/distributed_inference.py [training slots]
"""

import sys
import tempfile

import numpy as np

import mec_env
from dirs_solver import DIRS, Settings
from dirs_solver.distributed import Ensemble, save_agent


def main():
    slots = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    suite = mec_env.SUITES["paper-medium-v1"].world(0)
    _, scenario = next(suite.worlds())
    policy = DIRS(Settings(demonstrations="certified")).learn(scenario, seed=0, slots=slots)

    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/mec_{j}.safetensors" for j in range(scenario.mecs)]
        for j, path in enumerate(paths):
            save_agent(policy, j, path)
        env, same = mec_env.MECParallelEnv.for_evaluation(scenario), []
        with Ensemble(paths, scenario.iotds) as ensemble:
            for seed in suite.episode_seeds:
                seen, _ = env.reset(seed=seed)
                while env.agents:
                    decision = ensemble.decide(seen.values())
                    same.append(np.array_equal(decision, policy.vote(env.state())))
                    seen, *_ = env.step({agent: policy.act(agent, o) for agent, o in seen.items()})
    print(f"{sum(same)} of {len(same)} decisions equal the library's")
    print(f"{(ensemble.sent + ensemble.received) / len(same):.0f} bytes exchanged a slot")
    print(f"median latency {1e3 * np.median(ensemble.seconds):.2f} ms")


if __name__ == "__main__":
    main()

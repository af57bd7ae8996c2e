"""A process per server that sees its own features and says a price: priced_servers.py [suite]"""

import sys
import tempfile

import numpy as np

import mec_env
from dirs_solver.priced import Priced1
from dirs_solver.priced.distributed import PriceServers

SAID = ("actions", "observe", "admission", "nominal", "span", "retries", "broadcasts")


def main(suite="paper-medium-v1"):
    suite, same, objectives, told = mec_env.SUITES[suite].only(episodes=1), [], [], 0.0
    for _, scenario in suite.worlds():
        learner = Priced1()
        policy = learner.learn(scenario, slots=0)  # calibrated, not trained
        options = {key: getattr(policy, key) for key in SAID}
        env = mec_env.MECParallelEnv.for_evaluation(scenario, **options)
        with tempfile.TemporaryDirectory() as folder:
            learner.save(path := f"{folder}/priced.safetensors")
            with PriceServers(path, scenario.mecs) as servers:
                seen, _ = env.reset(seed=0)
                while env.agents:
                    joint = servers.act(seen.values())
                    alone = [policy.act(agent, own)[0] for agent, own in seen.items()]
                    same.append(np.array_equal(joint, alone))
                    seen, _, _, _, infos = env.step(dict(zip(env.agents, joint[:, None])))
                    objectives.append(infos["mec_0"]["objective"])
                    told += infos["mec_0"]["exchanged"]
    gap = np.mean(np.array(objectives) / suite.reference()[0] - 1)
    print(f"{sum(same)} of {len(same)} actions equal the library's")
    print(f"{100 * gap:.3f} % above the bound, {told / len(same):.0f} bytes told a slot")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A process per server that sees its own features and says a price: priced_servers.py [suite]"""

import sys
import tempfile

import numpy as np

import mec_env
from dirs_solver.priced import Priced1
from dirs_solver.priced.distributed import PriceServers


def main(suite="paper-medium-v1"):
    suite, same, gaps, told = mec_env.SUITES[suite].only(episodes=1), [], [], 0.0
    for k, (_, scenario) in enumerate(suite.worlds()):
        learner = Priced1()
        policy = learner.learn(scenario, slots=0)  # calibrated, not trained
        with tempfile.TemporaryDirectory() as folder:
            learner.save(f"{folder}/priced.safetensors")
            options = dict(
                actions="prices", observe="features", admission=True, nominal=policy.nominal,
                span=policy.span, retries=policy.retries, broadcasts=policy.broadcasts,
            )  # fmt: skip
            env = mec_env.MECParallelEnv.for_evaluation(scenario, **options)
            with PriceServers(f"{folder}/priced.safetensors", scenario.mecs) as servers:
                seen, _ = env.reset(seed=0)
                objectives = []
                while env.agents:
                    joint = servers.act(seen.values())
                    actions = {agent: joint[[j]] for j, agent in enumerate(env.agents)}
                    alone = {agent: policy.act(agent, own) for agent, own in seen.items()}
                    same.append(all(np.array_equal(actions[a], alone[a]) for a in actions))
                    seen, _, _, _, infos = env.step(actions)
                    objectives.append(infos["mec_0"]["objective"])
                    told += infos["mec_0"]["exchanged"]
        bound, _ = suite.world(k).reference()
        gaps.append(100 * np.mean(np.array(objectives) / bound - 1))
    print(f"{sum(same)} of {len(same)} actions equal the library's")
    print(f"{np.mean(gaps):.3f} % above the bound, {told / len(same):.0f} bytes told a slot")


if __name__ == "__main__":
    main(*sys.argv[1:])

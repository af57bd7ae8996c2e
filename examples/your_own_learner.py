# python -m benchmarks.leaderboard --learners greedy,examples.your_own_learner:FairPrices
import numpy as np

import mec_env


class FairPrices:  # it learns what a place on each server is worth from how crowded the servers get
    def learn(self, scenario, seed, slots=None, progress=None):
        env, self.price = mec_env.MECEnv(scenario), np.zeros(scenario.mecs)
        env.reset(seed=seed)
        for _ in range(min(slots or 100, scenario.slots)):
            slot, decision = env.slot, self.decide(env.slot)
            load = np.bincount(decision, np.sqrt(slot.cycles), scenario.mecs + 1)[1:]
            self.price += 0.05 * (2 * slot.weight_time * load / slot.server_speed - self.price)
            env.step(decision)
        return self  # a policy: it has decide(slot), act(observation) or act(agent, observation)

    def decide(self, slot):  # ask the cheapest server, which keeps the devices worth keeping
        cost = slot.link_cost + self.price * np.sqrt(slot.cycles)[:, None]
        return mec_env.admit(slot, cost.argmin(axis=1) + 1)

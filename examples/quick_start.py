"""One episode of the paper's large task, decided by a rule that looks at each slot.

python examples/quick_start.py
"""

import gymnasium

import mec_env

env = gymnasium.make("MEC-v0", mecs=8, iotds=180)
rule = mec_env.RULES["greedy"]()

observation, info = env.reset(seed=0)
total, slots, truncated = 0.0, 0, False
while not truncated:
    slot = env.unwrapped.slot  # gains, tasks and speeds in SI units
    decision = rule.decide(slot)  # 0 runs locally, j runs on server j
    observation, reward, terminated, truncated, info = env.step(decision)
    total += info["objective"]
    slots += 1

print(f"mean objective over {slots} slots: {total / slots:.2f}")
print(f"last slot: {info['time']:.1f} s, {info['energy']:.1f} J, {info['offloaded']:.0%} offloaded")

"""A real city: base stations and users from two CSV files with latitudes and longitudes.

python examples/city_from_csv.py sites.csv users.csv
"""

import sys

import gymnasium

import mec_env

if len(sys.argv) != 3:
    raise SystemExit("usage: python examples/city_from_csv.py sites.csv users.csv")
scenario = mec_env.city_scenario(sys.argv[1], sys.argv[2], slots=10)
width, height = scenario.area
print(f"{scenario.mecs} sites, {scenario.iotds} users on {width:.0f} m x {height:.0f} m")

env = gymnasium.make("MEC-v0", scenario=scenario)
for name in ("local", "nearest", "greedy"):
    rule = mec_env.RULES[name]()
    env.reset(seed=0)
    objectives, truncated = [], False
    while not truncated:
        decision = rule.decide(env.unwrapped.slot)
        _, _, _, truncated, info = env.step(decision)
        objectives.append(info["objective"])
    print(f"{name}: objective {sum(objectives) / len(objectives):.1f}")

"""How far learners look ahead, by what passes from slot to slot."""

#: Discount by coupling: how far ahead a decision's consequences reach, some 20 slots or a day.
DISCOUNT = {"none": 0.0, "moving": 0.95, "battery": 0.95, "backlog": 0.9}

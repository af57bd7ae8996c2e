"""Frozen suites, rules, and what a policy comes to on them."""

"""How fast things are, as ratios to a stated reference, measured in one run."""

"""pymoo: searches over a slot's decisions, slot by slot."""

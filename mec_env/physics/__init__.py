"""The paper's equations (1), (2) and (8) to (13): a link, a slot, and what a decision comes to."""

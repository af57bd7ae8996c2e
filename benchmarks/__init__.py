"""What this repository says of itself: the paper, the audit, speed, and the recorded results."""

from pathlib import Path

#: Where recorded results lie.
RESULTS = Path(__file__).parent / "results"

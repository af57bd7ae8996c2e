"""What ``dirs_solver.priced`` brings."""

EXTRA = "dirs"
LEARNERS = {
    "priced": "dirs_solver.priced.learner:Priced",
    "priced-1": "dirs_solver.priced.learner:Priced1",
    "priced-2": "dirs_solver.priced.learner:Priced2",
}

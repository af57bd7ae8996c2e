"""What ``dirs_solver.dirs`` brings."""

EXTRA = "dirs"
LEARNERS = {
    "dirs": "dirs_solver.dirs.learner:DIRS",
    "dirs-certified": "dirs_solver.dirs.learner:DIRSCertified",
}

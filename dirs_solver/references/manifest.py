"""What ``dirs_solver.references`` brings."""

EXTRA = "search"
LEARNERS = {
    "myopic": "dirs_solver.references.learners:Myopic",
    "tuned-rule": "dirs_solver.references.learners:TunedRule",
    "planning": "dirs_solver.references.learners:Planning",
    "planning-knows": "dirs_solver.references.learners:PlanningKnows",
    "hindsight": "dirs_solver.references.learners:Hindsight",
    "learned-rule": "dirs_solver.references.learned:LearnedRule",
}

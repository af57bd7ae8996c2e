"""What pymoo brings."""

EXTRA = "search"
LEARNERS = {
    "pso": "dirs_solver.plugins.pymoo.learners:PSO",
    "pso-10ms": "dirs_solver.plugins.pymoo.learners:PSO10ms",
    "pso-100ms": "dirs_solver.plugins.pymoo.learners:PSO100ms",
    "pso-1s": "dirs_solver.plugins.pymoo.learners:PSO1s",
    "de": "dirs_solver.plugins.pymoo.learners:DE",
    "de-10ms": "dirs_solver.plugins.pymoo.learners:DE10ms",
    "de-100ms": "dirs_solver.plugins.pymoo.learners:DE100ms",
    "de-1s": "dirs_solver.plugins.pymoo.learners:DE1s",
}

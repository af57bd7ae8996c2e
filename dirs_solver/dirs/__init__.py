"""DIRS, the algorithm of the paper: an ensemble of networks that vote, with Lévy demonstrations."""

from mec_env.lazily import lazily

__getattr__, __dir__, __all__ = lazily(
    __name__,
    {
        "DIRS": "dirs_solver.dirs.learner",
        "DIRSCertified": "dirs_solver.dirs.learner",
        "DIRSPolicy": "dirs_solver.dirs.policy",
        "Settings": "dirs_solver.dirs.settings",
        "Levy": "dirs_solver.dirs.settings",
    },
)

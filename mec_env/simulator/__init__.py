"""A batch of worlds, slot after slot: drawn, observed, judged."""

from mec_env.lazily import lazily

__getattr__, __dir__, __all__ = lazily(__name__, {"Simulator": "mec_env.simulator.simulator"})

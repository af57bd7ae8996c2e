"""Reference policies for tasks coupled in time: what is gained by looking ahead, and how.

``manifest.py`` has their names. ``moving.py``, ``battery.py`` and ``backlog.py`` each hold what a
coupling's policies decide by; ``policies.py`` and ``learners.py`` are the same for all three.
"""

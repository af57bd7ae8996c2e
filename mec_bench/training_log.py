"""What a learner reports while it trains: its curve, its time, and whether it is up."""

import time

#: Points of a learning curve that are kept at most.
CURVE = 50


#: Slots for a learner that trains as long as it is let.
ENDLESS = 10**9


class TrainingLog:
    """What a learner reports while it trains on a world: its curve, its time, and whether it is up."""

    def __init__(self, cell, index, tell):
        self._tell, self._index = tell, index
        self._worlds = len(cell.suite.world_seeds)
        self._budget = None if cell.budget is None else cell.budget / self._worlds
        self._curve, self._every, self._count, self._slots, self._share = [], 1, 0, 0, 0.0
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def __call__(self, report):
        spent = time.process_time() - self._processor
        objective = getattr(report, "objective", float("nan"))
        if objective == objective:
            self._keep(report, spent, objective)
        share = report.done / max(report.total, 1)
        if self._budget is not None:
            share = max(min(share, 1.0), min(spent / self._budget, 1.0))
        words = f"{report.stage} {report.done}/{report.total}"
        if report.total >= ENDLESS:
            words = f"{report.stage} {report.done}"
        if objective == objective:
            words += f", objective {objective:.4g}"
        gap = getattr(report, "gap", float("nan"))
        if gap == gap:
            words += f", gap {100 * gap:.3g} %"
        # A stage begins at 0 again, what is done doesn't. Most of a world's time is training.
        self._share = max(self._share, share)
        done = (self._index + 0.9 * self._share) / self._worlds
        self._tell(done, f"world {self._index}: {words}")
        return self._budget is not None and spent >= self._budget

    def _keep(self, report, spent, objective):
        self._slots = int(report.done)
        if self._count % self._every == 0:
            gap = getattr(report, "gap", float("nan"))
            point = [float(f"{x:.6g}") for x in (spent, objective, gap)]
            self._curve.append([self._slots, *point[:2], point[2] if gap == gap else None])
            if len(self._curve) > CURVE:
                # Every other point goes, and from now on only every other one comes.
                self._curve, self._every = self._curve[::2], 2 * self._every
        self._count += 1

    def row(self, world):
        """The training's record."""
        return {
            "world": world,
            "seconds": time.perf_counter() - self._wall,
            "processor_seconds": time.process_time() - self._processor,
            "slots": self._slots,
            "curve": self._curve,
        }

    def judging(self, size):
        """A callback that counts slots judged."""
        done = 0

        def count(more):
            nonlocal done
            done += more
            if done % 20 == 0:
                share = (self._index + 0.9 + 0.1 * done / size) / self._worlds
                self._tell(share, f"world {self._index}: judging {done}/{size}")

        return count

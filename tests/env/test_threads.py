"""Threads share a batch's rows: each row is one thread's, and more than one thread has some."""

import threading
from collections import Counter

import numpy as np
import pytest

from mec_env import MECVectorEnv, threads
from tests.helpers import UNEQUAL, same

#: Nobody waits this long but for a thread that never comes.
PATIENCE = 60.0


@pytest.fixture
def helper_first(monkeypatch):
    """Let a crew's helper do its own half of every job before the caller's thread begins.

    Gives a list with, for each job, the rows that each thread did, {identity: rows}, as counted
    in the claims. Without an order the caller might do all rows before a helper wakes.
    """
    jobs, run = [], threads._Crew.run

    def watched(crew, count, work):
        done, helped = {}, threading.Event()

        def ordered(claims, own, chunk):
            if own == 0:
                assert helped.wait(PATIENCE), "no helper came"
            # The other half looks taken to the helper, and is offered anew.
            claims[0] = 0 if own == 0 else count
            before = claims[-1]
            work(claims, own, chunk)
            done[threading.get_ident()] = int(claims[-1] - before)
            if own:
                claims[0] = 0
                helped.set()

        answer = run(crew, count, ordered)
        jobs.append(done)
        return answer

    monkeypatch.setattr(threads._Crew, "run", watched)
    return jobs


def walk(envs):
    """A reset and three steps of random decisions."""
    decisions = np.random.default_rng(0).integers(0, 4, (3, envs.num_envs, 5))
    return [envs.reset(seed=1), *(envs.step(d) for d in decisions)]


@pytest.mark.parametrize("rows", [2, 7, 200])
def test_two_threads_draw_and_step_a_batch(helper_first, rows):
    two = walk(MECVectorEnv(rows, threads=2, **UNEQUAL))
    assert len(helper_first) == 4, "the reset and each step share their rows"
    caller = threading.get_ident()
    for done in helper_first:
        assert len(done) == 2 and caller in done
        assert done[caller] == rows // 2 and sum(done.values()) == rows
    assert same(two, walk(MECVectorEnv(rows, threads=1, **UNEQUAL)))
    assert len(helper_first) == 4, "one thread needs no other"


def take_rows(count, number):
    """Which thread did which row of plain Python work, and how often each was done."""
    taken, lock = [], threading.Lock()

    def work(claims, own, chunk):
        parts = len(claims) - 1
        for k in range(parts):
            part = (own + k) % parts
            end = count * (part + 1) // parts
            while True:
                with lock:
                    low = count * part // parts + chunk * int(claims[part])
                    claims[part] += 1
                if low >= end:
                    break
                rows = range(low, min(low + chunk, end))
                with lock:
                    taken.extend((row, threading.get_ident()) for row in rows)
                    claims[-1] += len(rows)
        while own == 0 and claims[-1] < count:
            pass

    threads.share(count, number, work)
    return taken


@pytest.mark.parametrize("number", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 4, 1000])
def test_every_row_is_done_once(count, number):
    for _ in range(20):
        rows = Counter(row for row, _ in take_rows(count, number))
        assert rows == Counter(range(count))


def test_a_crew_at_work_is_not_waited_for():
    """Work that is shared from within shared work is done by the thread that asks."""
    inner, outer = [], threading.get_ident()

    def work(claims, own, chunk):
        if own == 0:
            inner.extend(take_rows(50, 2))
            claims[-1] = 2

    threads.share(2, 2, work)
    assert Counter(row for row, _ in inner) == Counter(range(50))
    assert {who for _, who in inner} == {outer}


def test_threads_are_asked_for_or_as_many_as_pay(monkeypatch):
    monkeypatch.setattr(threads, "available", lambda: 8)
    # A batch of 64 at 180 x 8 has 92,160 links, enough for two threads of 40,000.
    assert threads.threads_for(64, 180 * 8) == 2
    assert threads.threads_for(1024, 180 * 8) == 8
    assert threads.threads_for(1, 10_000 * 100) == 1, "a row is one thread's"
    assert threads.threads_for(7, 15) == 1
    assert threads.threads_for(7, 15, threads=3) == 3
    assert threads.threads_for(7, 15, threads=9) == 7

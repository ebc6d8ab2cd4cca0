"""One job that runs is told to stop: in all three kinds, and never the next one in its place."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

import pytest

from streamq import SoftTimeLimitExceeded, TaskCancelled
from streamq.worker.held import Held
from streamq.worker.interrupting import Bailiff, Why
from tests.worker.bench import held_job


def busy(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def run_once(bailiff: Bailiff, held: Held, seconds: float, seen: list[BaseException]) -> None:
    """As `Runner.run` does."""
    try:
        held.thread = threading.get_ident()
        try:
            busy(seconds)
        finally:
            held.thread = 0
            if held.told is not None:
                bailiff.release(held)
    except BaseException as error:
        if held.told is not None:
            bailiff.release(held)
        seen.append(error)


@pytest.mark.parametrize("why", [Why.SOFT, Why.HARD, Why.CANCELLED])
def test_a_busy_thread_is_interrupted(why: Why) -> None:
    bailiff, held, seen = Bailiff(), held_job(), list[BaseException]()
    thread = threading.Thread(target=run_once, args=(bailiff, held, 20.0, seen))
    thread.start()
    while not held.thread:
        time.sleep(0.001)
    assert bailiff.interrupt(held, why)
    thread.join(10)
    assert [type(one) for one in seen] == [
        SoftTimeLimitExceeded if why is Why.SOFT else TaskCancelled
    ]
    assert held.told is why
    assert not held.thread


def test_a_job_that_does_not_run_is_not_told() -> None:
    bailiff, held = Bailiff(), held_job()
    assert not bailiff.interrupt(held, Why.HARD)
    assert held.told is None


def test_the_first_reason_to_end_counts() -> None:
    bailiff, held = Bailiff(), held_job()
    held.told = Why.CANCELLED
    held.thread = threading.get_ident()
    assert not bailiff.interrupt(held, Why.HARD)
    assert held.told is Why.CANCELLED


def test_what_comes_at_the_very_end_of_a_job_never_hits_the_next_one(
    switching_often: None,
) -> None:
    bailiff, seen, strays = Bailiff(), list[BaseException](), list[BaseException]()
    now, told, is_over = [held_job()], 0, time.monotonic() + 1.0

    def work() -> None:
        try:
            while time.monotonic() < is_over:
                now[0] = held_job()
                run_once(bailiff, now[0], 0.0001, seen)
                busy(0.0001)  # what would be hit
        except BaseException as error:
            strays.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        held = now[0]
        if held.told is None:
            told += bailiff.interrupt(held, Why.CANCELLED)
    thread.join(10)
    assert not strays
    assert told >= len(seen) > 0


@pytest.fixture
def switching_often() -> Iterator[None]:
    """Threads take turns after every few bytecodes: what is rare happens."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)

"""Rate limits with real workers: global, used to the full, in order, and in nobody's way."""

from __future__ import annotations

import os
import time

import pytest

from streamq import JobState, RateLimit, RateLimited, current_job
from tests.limits.crew import Crew, MakeCrew, most_started_within
from tests.waiting import wait_until
from tests.worker.test_waiting import SENT, calls

FULL = pytest.mark.skipif("STREAMQ_TEST_FULL" not in os.environ, reason="ten seconds")
QUIET = "STREAMQ_TEST_FULL" in os.environ  # figures that are the machine's too


@pytest.mark.parametrize(("jobs", "share"), [(120, 0.3), pytest.param(600, 0.97, marks=FULL)])
def test_a_rate_is_kept_over_all_workers_and_used(crew: Crew, jobs: int, share: float) -> None:
    """By the server's clock never a start too many, nobody is early, and they go in order."""
    granted: dict[int, int] = {}  # ms, as the server noted them

    @crew.app.task(name="note", rate_limit="60/s")
    def note(number: int) -> None:
        began, at = time.monotonic(), time.time() * 1000
        state = crew.server.admin.hget(crew.app.keys("default").key("state"), current_job().id)
        assert isinstance(state, bytes)
        granted[number] = int(state.split()[5])
        assert at >= granted[number] - 1, "it waits for the instant that it was given"
        crew.note(number, began)

    crew.work(4)
    handles = note.delay_many([(n,) for n in range(jobs)])
    runs = crew.ran(jobs, timeout=jobs / 60 * 2 + 10)
    crew.app.gather(handles, timeout=10)
    starts = sorted(granted.values())
    # A noted ms may be rounded up: so many starts in 999 ms would be as many in a second.
    assert max(sum(one <= at < one + 999 for at in starts) for one in starts) <= 60
    assert (jobs - 1) / (60 * (starts[-1] - starts[0]) / 1000) >= share
    if QUIET:  # as a clock at the door sees it, a late start and the next on time are closer
        assert most_started_within(runs, 1.0) <= 60 + 1
    displaced = max(abs(run.what - place) for place, run in enumerate(runs))
    # A thread's wake-up; what a worker without a free thread hands back is a few starts late.
    assert displaced <= 5 if QUIET else displaced <= 20


def test_a_burst_starts_at_once_and_then_evenly(crew: Crew) -> None:
    task = crew.task(rate_limit=RateLimit(4, per=1, burst=5))
    crew.work()
    task.delay_many([(n,) for n in range(8)])
    begins = [run.began for run in crew.ran(8)]
    assert begins[4] - begins[0] < 0.9, "evenly it would be a second"
    assert begins[7] - begins[0] >= 0.25 * 2
    assert most_started_within(crew.runs, 1.0) <= 4 + 5 + 1


def test_a_costly_call_takes_more_starts(crew: Crew) -> None:
    task = crew.task(rate_limit="20/s")
    crew.work()
    task.options(cost=10).delay("dear")
    task.delay("next")
    dear, following = crew.ran(2)
    assert (dear.what, following.what) == ("dear", "next")
    assert following.began - dear.began >= 0.3


def test_each_key_has_a_rate_of_its_own(crew: Crew) -> None:
    task = crew.task(rate_limit=RateLimit(2, per=1, key="{what}"))
    crew.work()
    begun = time.monotonic()
    task.delay_many([(n,) for n in range(8)])
    crew.ran(8)
    assert time.monotonic() - begun < 3, "one limit for all would take longer"
    task.delay_many([(0,), (0,)])
    again = [run.began for run in crew.ran(10) if run.what == 0]
    assert again[2] - again[1] >= 0.25


def test_jobs_over_a_limit_hold_no_slot_and_no_attempt(crew: Crew) -> None:
    limited = crew.task(rate_limit="5/s", name="limited")
    plain = crew.task(name="plain")
    crew.work(threads=1)
    jobs = limited.delay_many([("limited",)] * 10)
    for _ in range(20):
        plain.delay("plain")
    wait_until(lambda: sum(run.what == "plain" for run in crew.runs) == 20, "the plain ones")
    assert len(crew.runs) < 30, "the limited ones are not through"
    assert jobs[-1].state is JobState.PARKED
    assert jobs[-1].info().reason == "rate limit"
    assert jobs[-1].info().attempt == 0
    crew.ran(30)


def test_a_limit_elsewhere_holds_its_key_only_and_counts_no_attempt(crew: Crew) -> None:
    attempts: list[tuple[str, int]] = []

    @crew.app.task(name="call", rate_limit=RateLimit(100, per=1, key="{customer}"))
    def call(customer: str, number: int) -> None:
        attempts.append((customer, current_job().attempt))
        if customer == "a" and len([one for one in attempts if one[0] == "a"]) == 1:
            raise RateLimited(retry_after=1.0)
        crew.note((customer, number), time.monotonic())

    crew.work(2)
    first = call.delay("a", 0)
    wait_until(lambda: attempts and first.state is JobState.PARKED, "the first to be refused")
    refused = time.monotonic()
    call.delay_many([("a", 1), ("a", 2), ("b", 0), ("b", 1)])
    runs = crew.ran(5)
    begins = {run.what: run.began - refused for run in runs}
    assert begins["b", 1] < begins["a", 0]
    assert min(begins["a", n] for n in range(3)) >= 0.9
    assert begins["a", 0] < begins["a", 1] < begins["a", 2], "the refused one kept its place"
    assert {attempt for _, attempt in attempts} == {1}
    assert first.get(timeout=5) is None


def test_without_a_limit_a_refused_job_runs_again_alone(crew: Crew) -> None:
    tries: list[float] = []

    @crew.app.task(name="call")
    def call() -> int:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise RateLimited(retry_after=0.3)
        return current_job().attempt

    crew.work()
    assert call.delay().get(timeout=10) == 1
    assert tries[1] - tries[0] >= 0.29


def test_who_waits_is_not_polled_for(make_crew: MakeCrew) -> None:
    """For a rate, a place, the end of a pause: workers cost what idle ones do."""
    crew = make_crew(lease=30)
    rare = crew.task(name="rare", rate_limit="1/h", lane="{tenant}")

    @crew.app.task(name="step", lane="one", ordered=True, max_attempts=2, backoff=60)
    def step(_: int) -> None:
        raise ValueError("and keeps its lane")

    crew.work(2)
    crew.app.pause("default", lane="closed")
    rare.delay_many([(n, f"tenant-{n % 20}") for n in range(200)])
    rare.options(rate_limit=[]).delay_many([(n, "closed") for n in range(100)])
    step.delay_many([(n,) for n in range(100)])
    crew.ran(1)
    time.sleep(1.2)  # until all have found out
    before, began = calls(crew.server), time.monotonic()
    time.sleep(1.5)
    done, seconds = calls(crew.server) - before, time.monotonic() - began
    assert len(crew.runs) == 1
    assert sum(done[name] for name in SENT) / seconds < 2 * 5, done

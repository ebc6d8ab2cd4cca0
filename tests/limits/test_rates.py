"""Rate limits with real workers: global, used to the full, in order, and in nobody's way."""

from __future__ import annotations

import time

from streamq import JobState, RateLimit, RateLimited, current_job
from tests.limits.crew import Crew, MakeCrew, Stalls, most_started_within
from tests.waiting import wait_until
from tests.worker.test_waiting import SENT, calls

JOBS, SHARE = 600, 0.97


def test_a_rate_is_kept_over_all_workers_and_used(crew: Crew) -> None:
    """By the server's clock and by the tasks' own: never a start too many, and nearly all of them.

    Who waits for it holds no slot and no attempt, nobody is early, and they go in order.
    """
    granted: dict[int, int] = {}  # ms, as the server noted them
    late_s: list[float] = []  # how long after that each began: the machine's doing
    plain = crew.task(name="plain")

    @crew.app.task(name="note", rate_limit="60/s")
    def note(number: int) -> None:
        began, at = time.monotonic(), time.time() * 1000
        state = crew.server.admin.hget(crew.app.keys("default").key("state"), current_job().id)
        assert isinstance(state, bytes)
        granted[number] = int(state.split()[5])
        assert at >= granted[number] - 1, "it waits for the instant that it was given"
        late_s.append((at - granted[number]) / 1000)
        crew.note(number, began)

    crew.work(4)
    with Stalls() as stalls:
        handles = note.delay_many([(n,) for n in range(JOBS)])
        wait_until(lambda: len(crew.runs) > 100, "some of them")
        asked = time.monotonic()
        crew.app.gather(plain.delay_many([("plain",)] * 20), timeout=10)
        assert time.monotonic() - asked < 5, "nearly 500 wait, and none in a worker"
        last = handles[-1].info()
        assert (last.state, last.attempt) == (JobState.PARKED, 0)
        ran = crew.ran(JOBS + 20, timeout=JOBS / 60 * 3 + 10)
    runs = [run for run in ran if run.what != "plain"]
    crew.app.gather(handles, timeout=10)
    starts = sorted(granted.values())
    # A noted ms may be rounded up: so many starts in 999 ms would be as many in a second.
    assert max(sum(one <= at < one + 999 for at in starts) for one in starts) <= 60
    took = runs[-1].began - runs[0].began
    assert (JOBS - 1) / (60 * (took - stalls.seconds)) >= SHARE, (took, stalls.seconds)
    most = most_started_within(runs, 1.0 - max(late_s))
    assert most <= 60 + 1 or stalls.seconds, "by the tasks' own clock"
    displaced = max(abs(run.what - place) for place, run in enumerate(runs))
    assert displaced <= 20, "what a worker without a free thread hands back is a few starts late"


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
    spent = []
    for _ in range(5):  # until all have found out; who polls never has
        before, began = calls(crew.server), time.monotonic()
        time.sleep(1.2)
        done, seconds = calls(crew.server) - before, time.monotonic() - began
        spent.append(sum(done[name] for name in SENT) / seconds)
        if spent[-1] < 2 * 5:
            break
    assert len(crew.runs) == 1
    assert spent[-1] < 2 * 5, spent

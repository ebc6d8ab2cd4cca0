"""Concurrency, lanes, order, priorities with real workers."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from typing import Any

from streamq import Concurrency, JobState, current_job
from tests.limits.crew import Crew, most_at_once
from tests.waiting import wait_until


def test_a_concurrency_holds_over_all_workers(crew: Crew) -> None:
    task = crew.task(0.05, concurrency=3)
    crew.work(3)
    task.delay_many([(n,) for n in range(30)])
    runs = crew.ran(30)
    assert most_at_once(runs) == 3
    assert runs[-1].ended - runs[0].began < 2.5
    displaced = max(abs(run.what - place) for place, run in enumerate(runs))
    assert displaced <= 3, "waiters go in order"


def test_a_concurrency_holds_for_each_key(crew: Crew) -> None:
    task = crew.task(0.05, concurrency=[8, Concurrency(1, key="{what}")])
    crew.work(3)
    task.delay_many([(n % 5,) for n in range(40)])
    runs = crew.ran(40)
    assert most_at_once(runs) == 5
    for key in range(5):
        assert most_at_once([run for run in runs if run.what == key]) == 1


def test_lanes_take_turns(crew: Crew) -> None:
    task = crew.task(lane="{tenant}")
    task.delay_many([(("a", n), "a") for n in range(200)])
    task.delay_many([(("b", n), "b") for n in range(10)])
    crew.work(threads=1, async_concurrency=1)
    order = crew.order(210)
    assert [what for what in order if what[0] == "a"] == [("a", n) for n in range(200)]
    last = max(place for place, what in enumerate(order) if what[0] == "b")
    assert last < 20


def test_weights_are_shares(crew: Crew) -> None:
    crew.app.queue("default", weights={"a": 3})
    task = crew.task(lane="{tenant}")
    task.delay_many([("a", "a")] * 300 + [("b", "b")] * 300)
    crew.work(threads=1, async_concurrency=1)
    found = Counter(crew.order(600)[:200])
    assert 0.95 * 3 <= found["a"] / found["b"] <= 1.05 * 3


def test_a_lane_with_one_at_a_time_is_in_order(crew: Crew) -> None:
    task = crew.task(0.005, lane="{tenant}", concurrency=Concurrency(1, key="{tenant}"))
    crew.work(3)
    task.delay_many([((tenant, n), tenant) for n in range(20) for tenant in "abc"])
    runs = crew.ran(60)
    for tenant in "abc":
        own = [run for run in runs if run.what[0] == tenant]
        assert [run.what[1] for run in own] == list(range(20))
        assert most_at_once(own) == 1


def _failing(crew: Crew, **options: Any) -> Any:
    @crew.app.task(name="step", lane="{lane}", max_attempts=3, backoff=0.3, **options)  # type: ignore[untyped-decorator]
    def step(lane: str, number: int) -> None:
        crew.note((lane, number, current_job().attempt), time.monotonic())
        if number == 0 and current_job().attempt == 1:
            raise ValueError("once")

    return step


def test_an_ordered_lane_waits_for_a_retry_and_others_do_not(crew: Crew) -> None:
    step = _failing(crew, ordered=True)
    crew.work(2)
    step.delay_many([("a", 0), ("a", 1), ("a", 2)])
    step.delay("b", 1)
    order = crew.order(5)
    assert [what for what in order if what[0] == "a"] == [
        ("a", 0, 1),
        ("a", 0, 2),
        ("a", 1, 1),
        ("a", 2, 1),
    ]
    assert order.index(("b", 1, 1)) < order.index(("a", 0, 2))


def test_a_lane_that_is_not_ordered_goes_on_while_one_retries(crew: Crew) -> None:
    step = _failing(crew, concurrency=Concurrency(1, key="{lane}"))
    crew.work(2)
    step.delay_many([("a", 0), ("a", 1), ("a", 2)])
    assert crew.order(4) == [("a", 0, 1), ("a", 1, 1), ("a", 2, 1), ("a", 0, 2)]


def test_a_high_job_passes_all_others(crew: Crew) -> None:
    task = crew.task()
    task.delay_many([("usual",)] * 50)
    task.options(priority=0).delay("low")
    task.options(priority=9).delay("high")
    task.options(priority=6).delay("above")
    crew.work(threads=1)
    order = crew.order(53)
    assert order.index("high") <= 1
    assert order.index("above") <= 3
    assert order[-1] == "low"


def test_a_low_job_waits_no_longer_than_its_patience(crew: Crew) -> None:
    crew.app.queue("default", priority_aging=1)
    task = crew.task(0.025, priority=9)
    crew.work(threads=1, async_concurrency=1)
    task.options(priority=0).delay("low")  # starts at once, should it be the first there
    task.options(priority=0).delay("lower")
    task.delay_many([(n,) for n in range(80)])
    runs = crew.ran(82)
    lower = next(run for run in runs if run.what == "lower")
    before = [run for run in runs if run.began < lower.began]
    assert 1 < len(before) < 70, "not at once, and not after the eighty"
    assert lower.began - runs[0].began < 1 + 1


def test_a_free_place_goes_to_the_highest_that_waits_for_it(crew: Crew) -> None:
    task = crew.task(0.02, concurrency=1, lane="one")
    crew.work(2)
    task.delay("first")
    wait_until(lambda: crew.app.client.run, "a client")
    task.delay_many([(n,) for n in range(5)])
    task.options(priority=9).delay("high")
    order = crew.order(7)
    assert order.index("high") <= 2


def test_a_retried_job_takes_its_limits_again(crew: Crew) -> None:
    tries: list[float] = []

    @crew.app.task(name="fails", rate_limit="4/s", max_attempts=4, backoff=0.01)
    def fails() -> None:
        tries.append(time.monotonic())
        if len(tries) < 4:
            raise ValueError("again")

    crew.work()
    fails.delay().get(timeout=10)
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert min(gaps) >= 0.15, "but for a late start of the one before"
    assert sum(gaps) >= 0.7


def test_a_scheduled_job_takes_its_limits_when_due(crew: Crew) -> None:
    task = crew.task(0.3, concurrency=1)
    crew.work(2)
    task.delay("now")
    later = task.options(countdown=0.1).delay("later")
    assert later.state is JobState.SCHEDULED
    runs = crew.ran(2)
    assert most_at_once(runs) == 1
    assert [run.what for run in runs] == ["now", "later"]

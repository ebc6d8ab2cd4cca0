"""`job.enqueue` of tasks with unique keys, limits and lanes, into queues with a budget."""

from __future__ import annotations

import time
from typing import Any

import pytest

from streamq import (
    Concurrency,
    JobState,
    QueueFull,
    RateLimit,
    Task,
    Unique,
    UnknownJob,
    current_job,
)
from tests.limits.crew import Crew, most_at_once
from tests.waiting import wait_until


def parent(crew: Crew, child: Task[..., Any]) -> Task[..., list[str]]:
    """Enqueues these numbers from inside, and says the ids."""

    @crew.app.task(name="parent")
    def parent(user: str, numbers: list[int], fail: bool = False) -> list[str]:
        job = current_job()
        ids = [job.enqueue(child.s([user, n], user)).id for n in numbers]
        if fail and job.attempt == 1:
            raise ValueError("once")
        return ids

    return parent


def test_the_first_takes_the_key_and_the_others_make_no_job(crew: Crew) -> None:
    child = crew.task(0.05, unique=Unique(by=("tenant",)), concurrency=1, lane="{tenant}")
    parents = parent(crew, child).options(max_attempts=2, backoff=0.01)
    crew.work(2)
    ids = parents.delay("ada", [1, 2, 3], fail=True).get(timeout=10)
    assert crew.app.result(ids[0]).get(timeout=10) is None
    assert [run.what for run in crew.runs] == [["ada", 1]], "of the run that failed none is made"
    with pytest.raises(UnknownJob):
        crew.app.result(ids[1]).get(timeout=5)


@pytest.mark.parametrize("queue", ["default", "far"])
def test_the_newest_counts_where_they_replace(crew: Crew, queue: str) -> None:
    """In another queue too, where the key is met on arrival."""
    unique = Unique(by=("tenant",), on_conflict="replace")
    child = crew.task(unique=unique, rate_limit=RateLimit(1, per=3600, key="{tenant}"), queue=queue)
    other = crew.task(name="other", queue=queue)  # as one that has started just now
    parents = parent(crew, child)
    crew.work(queues=["default", queue])
    child.delay(["ada", 0], "ada").get(timeout=10)
    parents.delay("ada", [1, 2, 3]).get(timeout=10)
    other.delay("x").get(timeout=10)
    wait_until(lambda: _waiting(crew, queue) == 1, "one to wait for its rate")
    crew.app.limits.set("note", "100/s")
    assert crew.order(3)[-1] == ["ada", 3]
    wait_until(lambda: _waiting(crew, queue) == 0, "it to end")
    assert len(crew.runs) == 3


def _waiting(crew: Crew, queue: str) -> int:
    return int(crew.server.admin.zcard(crew.app.keys(queue).key("parked")))


def test_one_that_queues_runs_when_the_running_one_ends(crew: Crew) -> None:
    unique = Unique(by=("tenant",), on_conflict="queue_one")
    child = crew.task(
        0.4, unique=unique, lane="{tenant}", concurrency=Concurrency(2, key="{tenant}")
    )
    parents = parent(crew, child)
    crew.work(2)
    first = child.delay(["ada", 0], "ada")
    wait_until(lambda: first.state is JobState.RUNNING, "it to run")
    parents.delay("ada", [1, 2, 3]).get(timeout=10)
    runs = crew.ran(2)
    assert [run.what for run in runs] == [["ada", 0], ["ada", 3]]
    assert most_at_once(runs) == 1


def test_they_count_in_a_budget_and_are_not_refused(crew: Crew) -> None:
    crew.app.queue("small", max_jobs=2, on_full="raise")
    child = crew.task(queue="small")
    parents = parent(crew, child)
    crew.app.pause("small")
    crew.work(queues=["default", "small"])
    parents.delay("ada", list(range(5))).get(timeout=10)
    keys = crew.app.keys("small")
    wait_until(lambda: crew.server.admin.hlen(keys.key("jobs")) == 5, "them to arrive")
    with pytest.raises(QueueFull, match="5 of max_jobs=2 jobs"):
        child.delay("late")
    crew.app.resume("small")
    assert len(crew.order(5)) == 5
    wait_until(lambda: crew.server.admin.hlen(keys.key("jobs")) == 0, "them to end")
    assert child.delay("in time").get(timeout=5) is None


def test_one_that_waits_for_quiet_begins_it_at_its_parents_end(crew: Crew) -> None:
    child = crew.task(unique=Unique(by=("tenant",)), debounce=0.3, max_wait=2)
    parents = parent(crew, child)
    crew.work()
    parents.delay("ada", [1]).get(timeout=10)
    parents.delay("ada", [2]).get(timeout=10)
    ended = time.monotonic()
    [run] = crew.ran(1)
    assert run.what == ["ada", 2]
    assert run.began - ended > 0.1

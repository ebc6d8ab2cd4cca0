"""Unique keys with limits, lanes and retries while producers race and workers are killed."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamq import JobExists, JobState, StreamQ
from tests.limits import keyed_app
from tests.limits.crew import Run, most_at_once
from tests.limits.killing import Killed
from tests.servers import Server
from tests.waiting import wait_until

APP = "tests.limits.keyed_app"
TASKS = ("sync", "newest", "latest", "sole", "calm")
USERS, RACERS, CALLS, LAST = 3, 4, 100, 1001
EMPTY = ("jobs", "unique", "heirs", "slots", "pumped", "parked", "scheduled", "state")


@pytest.fixture
def app(server: Server) -> Iterator[StreamQ]:
    """The workers' tasks, for those who only call them."""
    app = StreamQ("callers", broker=server.url)
    yield app
    app.close()


def published(app: StreamQ, server: Server) -> Callable[[], bool]:
    """Whether a worker has said what its tasks are."""
    return lambda: server.admin.hexists(app.keys("default").key("policy"), "slow")


def racing(each: Callable[[int], Any], racers: int = RACERS) -> list[Any]:
    """What each of so many threads gets that set off together."""
    ready = threading.Barrier(racers)

    def race(racer: int) -> Any:
        ready.wait()
        return each(racer)

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(race, range(racers)))


def call_at_random(app: StreamQ, racer: int) -> set[str]:
    """Of all tasks and users, and some are cancelled; the ids that were given."""
    draw, ids = random.Random(racer), set[str]()
    for number in range(CALLS):
        arguments = {"user": draw.randrange(USERS), "call": 10 * number + racer}
        try:
            job = app.send_task(draw.choice(TASKS), kwargs=arguments)
        except JobExists as there:
            ids.add(str(there.job_id))
            continue
        ids.add(job.id)
        if draw.random() < 0.05:
            job.cancel()
        time.sleep(draw.uniform(0, 0.03))
    return ids


def by_key(runs: list[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.began):
        found[run.what.rpartition("/")[0]].append(run)
    return found


def test_no_key_outlives_its_job_and_none_is_run_twice_at_once(
    killed: Killed, server: Server, app: StreamQ
) -> None:
    for _ in range(2):
        killed.start()
    wait_until(published(app, server), "a worker that says its tasks", 30)
    calling = threading.Thread(target=lambda: made.extend(racing(lambda n: call_at_random(app, n))))
    made: list[set[str]] = []
    calling.start()
    wait_until(lambda: len(killed.runs()) >= 20, "some to run", 30)
    killed.kill_one(with_supervisor=False)
    wait_until(lambda: len(killed.runs()) >= 40, "more to run", 30)
    killed.kill_one()
    killed.start()
    calling.join(60)
    last = [
        app.send_task(task, kwargs={"user": user, "call": LAST})
        for task in ("newest", "calm")
        for user in range(USERS)
    ]
    app.gather(last, timeout=30)
    ids = sorted(set[str]().union(*made))
    wait_until(lambda: all(app.result(id_).ready() for id_ in ids), "all to end", 30)
    ended = {app.result(id_).state for id_ in ids}
    assert ended <= {JobState.SUCCEEDED, JobState.CANCELLED}
    runs = killed.runs()
    for key, own in by_key(runs).items():
        assert most_at_once(own) == 1, key
        if key.startswith(("newest", "calm")):
            assert own[-1].what == f"{key}/{LAST}", "the newest call is what runs last"
    assert most_at_once(runs) <= 6
    for task, most in (("sync", 3), ("latest", 4)):
        assert most_at_once([run for run in runs if run.what.startswith(task)]) <= most
    left = [name for name in EMPTY if server.admin.exists(app.keys("default").key(name))]
    assert left == [], "nothing is held for a job that is gone"


def test_racers_get_the_one_job_also_while_its_worker_is_dead(
    killed: Killed, server: Server, app: StreamQ
) -> None:
    killed.start()
    wait_until(published(app, server), "a worker that says its tasks", 30)

    def call(racer: int) -> str:
        return app.send_task("slow", kwargs={"user": 1, "call": racer}).id

    [first] = set(racing(call))
    wait_until(killed.runs, "it to run", 30)
    assert set(racing(call)) == {first}
    killed.kill_one()
    assert set(racing(call)) == {first}, "a dead worker's job is alive"
    killed.start()
    assert app.result(first).get(timeout=30) is None
    assert len(killed.runs()) == 2
    [second] = set(racing(call))
    assert second != first
    app.result(second).cancel()


def test_keyed_tasks_are_what_the_test_says() -> None:
    assert set(keyed_app.app.tasks) == {*TASKS, "slow"}

"""Limits while workers are killed: never exceeded, and no place is lost with a process."""

from __future__ import annotations

import time

from streamq import StreamQ
from tests.limits.crew import most_at_once
from tests.limits.killing import Killed
from tests.servers import Server
from tests.waiting import wait_until

APP = "tests.limits.killed_app"
JOBS = 60


def test_no_more_run_at_once_while_workers_are_killed_and_none_is_lost(
    killed: Killed, server: Server
) -> None:
    app = StreamQ("killed", broker=server.url, lease=1)

    @app.task(name="work", concurrency=3, max_crashes=20)
    def work(number: int) -> int:
        return number

    for _ in range(2):
        killed.start()
    jobs = work.delay_many([(n,) for n in range(JOBS)])
    for kill in range(2):
        wait_until(lambda: len(killed.runs()) >= 15 * (kill + 1), "some to run", 30)  # noqa: B023
        killed.kill_one()
        killed.start()
    assert sorted(app.gather(jobs, timeout=40)) == list(range(JOBS))
    runs = killed.runs()
    assert most_at_once(runs) == 3
    assert len(killed.ends) == 2
    app.close()


def test_the_places_of_a_dead_worker_are_free_after_a_lease(killed: Killed, server: Server) -> None:
    """All of them at once, and for those who held them first: they have kept their order."""
    app = StreamQ("killed", broker=server.url, lease=1)
    workers = app.keys("default").key("worker_info")
    policy = app.keys("default").key("policy")
    killed.start()
    wait_until(lambda: server.admin.hexists(policy, "hold"), "a worker that says the limit", 30)
    jobs = [app.send_task("hold", args=(n,)) for n in range(5)]
    wait_until(lambda: len(killed.runs()) >= 2, "both places to be taken", 30)
    killed.start()
    wait_until(lambda: server.admin.hlen(workers) >= 2, "the second worker", 30)
    time.sleep(0.3)
    assert len(killed.runs()) == 2, "there is no third place"
    killed.kill_one()
    [killed_at] = killed.ends.values()
    assert app.gather(jobs, timeout=30) == [0, 1, 2, 3, 4]
    runs = sorted(killed.runs(), key=lambda run: run.began)
    assert {run.what for run in runs[2:4]} == {"0", "1"}
    # The lease, and the second in which reclaims come; the rest is a busy machine's.
    assert runs[3].began - killed_at < 1 + 2 + 2
    assert most_at_once(runs) == 2
    app.close()

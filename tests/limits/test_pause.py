"""What is paused stays so: through the death of the server, and of all who worked there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamq import JobState
from tests.limits.crew import Crew
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq import Task
    from tests.servers import Server


def test_pauses_of_a_queue_a_task_and_a_lane_outlive_the_server_and_the_workers(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(appendonly="yes", appendfsync="always")
    before = Crew(server, {"lease": 2, "grace": 5})
    old = _paused(before)
    server.kill()
    server.start()
    after = Crew(server, {"lease": 2, "grace": 5})
    try:
        tasks = _tasks(after)
        after.work(2, queues=["default", "shut"])
        assert tasks["open"].delay("open").get(timeout=10) is None, "what is not paused goes on"
        assert {(one.what, one.name or one.queue) for one in after.app.paused()} == {
            ("queue", "shut"),
            ("task", "held"),
            ("lane", "a"),
        }
        jobs = [
            *map(after.app.result, old),
            tasks["shut"].delay("shut"),
            tasks["held"].delay("held"),
        ]
        jobs.append(tasks["open"].options(lane="a").delay("lane"))
        time.sleep(0.5)
        assert {run.what for run in after.runs} == {"open"}
        waiting = [job.info() for job in jobs]
        assert {one.reason for one in waiting} == {"paused"}
        assert {one.state for one in waiting} <= {JobState.PARKED, JobState.WAITING}
        after.app.resume("shut")
        after.app.resume(task="held")
        after.app.resume("default", lane="a")
        assert sorted(after.order(7)) == ["held", "held", "lane", "lane", "open", "shut", "shut"]
    finally:
        after.close()


def _paused(crew: Crew) -> list[str]:
    """All three are paused while a worker is there, and each has a job that waits."""
    tasks = _tasks(crew)
    try:
        crew.work(queues=["default", "shut"])
        crew.app.pause("shut")
        crew.app.pause(task="held")
        crew.app.pause("default", lane="a")
        jobs = [tasks["shut"].delay("shut"), tasks["held"].delay("held")]
        jobs.append(tasks["open"].options(lane="a").delay("lane"))
        tasks["open"].delay("open").get(timeout=10)
        wait_until(lambda: {job.info().reason for job in jobs} == {"paused"}, "all to be held")
        return [job.id for job in jobs]
    finally:
        crew.close()


def _tasks(crew: Crew) -> dict[str, Task[..., Any]]:
    return {
        name: crew.task(name=name, queue="shut" if name == "shut" else "default")
        for name in ("shut", "held", "open")
    }

"""What is wrong around the queues: the way to the server, clocks, workers, tasks nobody knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streamq.asking import Command, known_queues
from streamq.inspection.findings import Finding, Remark, jobs_are
from streamq.inspection.workers import workers_question
from streamq.operations import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.workers import WorkerInfo

_SLOW_S, _TOO_SLOW_S = 0.02, 0.1  # for a round trip
_APART_S = 5.0  # between two clocks
_ROUNDS = 3


def fleet_question(app: StreamQ) -> Question[list[Finding | Remark]]:
    """Measure the way to the server, and look at who works there."""
    findings = list((yield from _of_the_way()))
    workers = yield from workers_question(app)
    findings += _of_versions([one for one in workers if one.alive])
    for queue in (yield from known_queues(app)):
        (counts,) = yield [count(app.keys(queue))]
        findings += _of_tasks(app, queue, counts["stranded"], workers)
    return findings


def _of_the_way() -> Question[Iterator[Finding | Remark]]:
    taken, apart = [], 0.0
    for _ in range(_ROUNDS):
        began = time.monotonic()
        now = yield Command(("TIME",))
        taken.append(time.monotonic() - began)
        apart = time.time() - (int(now[0]) + int(now[1]) / 1e6)
    return iter([*_of_latency(min(taken)), *_of_clock(apart)])


def _of_latency(seconds: float) -> Iterator[Finding | Remark]:
    text = f"a round trip to the server takes {seconds * 1000:.0f} ms from here"
    if seconds > _TOO_SLOW_S:
        fix = "run workers where the server is; each enqueue and each claim waits for it"
        yield Finding("latency", text, fix)
    elif seconds > _SLOW_S:
        yield Remark("latency", f"{text}: each enqueue and each claim waits for it")


def _of_clock(apart: float) -> Iterator[Finding]:
    if abs(apart) > _APART_S:
        side = "ahead of" if apart > 0 else "behind"
        yield Finding(
            "clock",
            f"this machine's clock is {abs(apart):.0f} s {side} the server's",
            "let NTP set both; jobs go by the server's, but an eta= is a time of this machine",
        )


def _of_versions(alive: Sequence[WorkerInfo]) -> Iterator[Finding]:
    versions = sorted({str(one.details["streamq"]) for one in alive if "streamq" in one.details})
    if len(versions) > 1:
        yield Finding(
            "workers",
            f"workers of streamq {', '.join(versions)} run side by side",
            "replace the older ones, once the new one has proved itself",
        )


def _of_tasks(
    app: StreamQ, queue: str, stranded: int, workers: Sequence[WorkerInfo]
) -> Iterator[Finding]:
    here = [one for one in workers if one.alive and queue in one.queues]
    known = {name for one in here for name in one.knows}
    if stranded:
        yield Finding(
            f"queue {queue}",
            f"{jobs_are(stranded)} set aside: no worker of this queue knows the task",
            "streamq inspect parked names them; start a worker that has it, or cancel them",
        )
    own = {name for name, task in app.tasks.items() if task.task_options.queue == queue}
    missing = sorted(own - known)
    if missing and here and all(one.knows for one in here):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield Finding(
            f"queue {queue}",
            f"no worker of this queue knows task {missing[0]}{more}, which this application has",
            "restart its workers with this release, before jobs of it are enqueued",
        )

"""Waiting for jobs to end: told by the listener, asked again after each of its connections."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.context import running_job
from streamq.durations import seconds
from streamq.errors import BlockingGetRefused, BrokerUnavailable
from streamq.listener import Watch
from streamq.operations import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from streamq.keys import QueueKeys
    from streamq.operations import Call, Waited
    from streamq.runtime import Runtime

ASK_AGAIN_S = 5.0  # should ever a message get lost
PAGE = 200  # jobs that one call asks about
UNKNOWN = "unknown"  # the kind of an outcome that nobody knows


@dataclass(frozen=True, slots=True)
class Patience:
    """Until when somebody waits."""

    deadline: float  # monotonic; infinite for ever

    @classmethod
    def of(cls, timeout: float | timedelta | None) -> Patience:
        """From now on; None waits for ever. Raises `TypeError` or `ValueError`."""
        if timeout is None:
            return cls(float("inf"))
        return cls(time.monotonic() + seconds(timeout, "timeout"))

    @property
    def left(self) -> float:
        """Seconds, 0 or more."""
        return max(0.0, self.deadline - time.monotonic())

    def for_a_call(self, runtime: Runtime) -> float:
        """Seconds that one call may take: at least one, as without an answer we know nothing."""
        return min(runtime.conf.enqueue_timeout, max(1.0, self.left))


# Steps: calls to run together, or seconds to sleep unless woken.
Waiting = Generator["list[Call[list[Waited]]] | float", Any, None]


def waiting(
    runtime: Runtime, watch: Watch, jobs: Mapping[str, QueueKeys], until: Patience
) -> Waiting:
    """The steps until something was heard of a job, or the time is over.

    The first question's failure is raised; later on an outage is waited out.
    """
    listener = runtime.listener
    asked_at, asked_in = -1.0, -1
    while not watch.heard:
        generation = listener.generation
        if generation != asked_in or time.monotonic() - asked_at >= ASK_AGAIN_S:
            calls = list(_questions(listener.channel, watch, jobs))
            try:
                answers = yield [call for _, call in calls]
            except BrokerUnavailable:
                if asked_at < 0:
                    raise
            else:
                asked_in = generation
                for (ids, _), answer in zip(calls, answers, strict=True):
                    take(watch, ids, answer)
            asked_at = time.monotonic()
            continue
        listener.start()
        if listener.failure is not None:
            raise listener.failure
        if not until.left:
            return
        yield min(until.left, max(0.0, asked_at + ASK_AGAIN_S - time.monotonic()))


def wait(
    runtime: Runtime, jobs: Mapping[str, QueueKeys], until: Patience
) -> Iterator[tuple[str, Outcome]]:
    """How each job ended, as they end; stops when all have, or when the time is over."""
    woken = threading.Event()
    watch = Watch(jobs, woken.set)
    runtime.listener.add(watch, will_wait=True)
    try:
        while watch.outstanding or watch.heard:
            while watch.heard:
                yield watch.heard.popleft()
            if not watch.outstanding:
                return
            _drive(runtime, waiting(runtime, watch, jobs, until), woken, until)
            if not watch.heard:
                return
    finally:
        runtime.listener.remove(watch, jobs)


def _drive(runtime: Runtime, steps: Waiting, woken: threading.Event, until: Patience) -> None:
    with suppress(StopIteration):
        step = next(steps)
        while True:
            if isinstance(step, float):
                runtime.listener.wait(woken, step)
                woken.clear()
                step = steps.send(None)
                continue
            try:
                answers = runtime.client.run_many(step, timeout=until.for_a_call(runtime))
            except BrokerUnavailable as error:
                step = steps.throw(error)
            else:
                step = steps.send(answers)


def refuse_blocking(what: str) -> None:
    """Raise `BlockingGetRefused` inside a task: a job that waits must not hold a slot."""
    job = running_job()
    if job is None:
        return
    asyncio = sys.modules.get("asyncio")  # not imported: then no loop runs
    in_loop = asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001
    advice = (
        f"use await, as in: await job.a{what}()"
        if in_loop
        else f"make the task `async def` and use `await job.a{what}()`, or return and let a "
        "later job go on"
    )
    raise BlockingGetRefused(
        f"{what}() inside task {job.task} would hold its slot while it waits, and may wait for "
        f"ever when all slots do so;\n{advice}"
    )


def _questions(
    channel: str, watch: Watch, jobs: Mapping[str, QueueKeys]
) -> Iterator[tuple[list[str], Call[list[Waited]]]]:
    by_queue: dict[QueueKeys, list[str]] = {}
    for job_id in list(watch.outstanding):
        by_queue.setdefault(jobs[job_id], []).append(job_id)
    for keys, ids in by_queue.items():
        rest = iter(ids)
        while page := list(islice(rest, PAGE)):
            yield page, operations.wait(keys, channel=channel, ids=page)


def take(watch: Watch, ids: Iterable[str], answers: Iterable[Waited]) -> None:
    """Note what the server said of these jobs."""
    for job_id, answer in zip(ids, answers, strict=True):
        if answer.word == "ended" and answer.outcome is not None:
            watch.hear(job_id, answer.outcome)
        elif answer.word == "dead" and answer.state is not None:
            state = answer.state
            kind = "poison" if state.token == "poison" else "failed"  # noqa: S105 - a reason here
            died_ms = int(float(state.entry))
            watch.hear(job_id, Outcome(kind, died_ms, state.attempt, 0, "", answer.error))
        elif answer.word == UNKNOWN:
            watch.hear(job_id, Outcome(UNKNOWN, 0, 0, 0, "", b""))

"""Prepared jobs on their way to the server: the steps, for blocking and for async code."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.context import tell_children
from streamq.errors import IdempotencyConflict, JobExists, QueueFull, StreamQError
from streamq.jitter import jitter
from streamq.operations import weight
from streamq.watching import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamq.enqueuing import Plan
    from streamq.operations import Enqueued, NewJob
    from streamq.runtime import Runtime

BATCH_BYTES = 4 * 1024 * 1024  # of one script call, so that the server is not held up for long
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.25  # between looks at a full queue


@dataclass(frozen=True, slots=True)
class Announce:
    """A step: make a queue known."""

    queue: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A step: the queue is full, and it was said to wait for room."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Send:
    """A step: one call of the script; answered with what became of each job."""

    describe: Callable[[str, int], operations.Call[list[Enqueued]]]
    queue: str
    ids: tuple[str, ...]


Sending = Generator[Announce | Pause | Send, Any, list[str]]


def sending(runtime: Runtime, planned: Sequence[tuple[Plan, NewJob]]) -> Sending:
    """The steps that enqueue jobs; returns the id of each, in their order.

    Under an idempotency key that is the id of the first job that had it. What fails says, in
    a note, how many jobs before it are enqueued.
    """
    steps = _sending(runtime, planned)
    return watched(runtime.hooks, steps, planned) if runtime.hooks.see_enqueues else steps


def _sending(runtime: Runtime, planned: Sequence[tuple[Plan, NewJob]]) -> Sending:
    ids = [job.id for _, job in planned]
    done = 0
    for batch in _batches(planned):
        plan = planned[batch[0]][0]
        jobs = [planned[at][1] for at in batch]
        try:
            if runtime.must_announce(plan.queue):
                yield Announce(plan.queue)
            describe = partial(_describe, plan, jobs)
            send = Send(describe, plan.queue, tuple(job.id for job in jobs))
            answers = yield from _with_patience(plan, send)
            for at, answer in zip(batch, answers, strict=True):
                ids[at] = _accepted(plan.task, answer)
                tell_children(planned[at][0].task, (ids[at],))
        except StreamQError as error:
            if done:
                error.add_note(f"{done} of the {len(ids)} jobs were enqueued before this")
            raise
        done += len(batch)
    return ids


def _with_patience(plan: Plan, send: Send) -> Generator[Announce | Pause | Send, Any, Any]:
    """The answer to a call; into a full queue that blocks it is sent until there is room."""
    began, pause = time.monotonic(), FIRST_PAUSE_S
    while True:
        try:
            return (yield send)
        except QueueFull as full:
            patience = plan.budget.patience if plan.budget else 0.0
            left = began + patience - time.monotonic()
            if left <= 0 or full.asked > full.limit:
                raise
            yield Pause(min(left, pause * (0.5 + jitter.random())))
            pause = min(2 * pause, LONGEST_PAUSE_S)


def send(runtime: Runtime, steps: Sending) -> list[str]:
    """Carry out the steps with blocking calls."""
    answer: Any = None
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Announce):
                    runtime.announce(step.queue)
                elif isinstance(step, Pause):
                    time.sleep(step.seconds)
                else:
                    answer = runtime.client.enqueue(step.describe, step.queue, step.ids)
            except StreamQError as error:
                step = steps.throw(error)  # which adds what is known and raises it, or waits
            else:
                step = steps.send(answer)
    except StopIteration as end:
        ids: list[str] = end.value
        return ids


async def send_async(runtime: Runtime, steps: Sending) -> list[str]:
    """As `send`, in the running loop."""
    answer: Any = None
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Announce):
                    await runtime.announce_async(step.queue)
                elif isinstance(step, Pause):
                    await _sleep(step.seconds)
                else:
                    client = runtime.client
                    answer = await client.enqueue_async(step.describe, step.queue, step.ids)
            except StreamQError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        ids: list[str] = end.value
        return ids


async def _sleep(seconds: float) -> None:
    import asyncio  # noqa: PLC0415 - 30 ms; whoever is here has it loaded

    await asyncio.sleep(seconds)


def _describe(
    plan: Plan, jobs: Sequence[NewJob], producer: str, counter: int
) -> operations.Call[list[Enqueued]]:
    if plan.budget is not None or any(job.unique for job in jobs):
        budget = plan.budget.most if plan.budget else None
        return operations.admit(
            plan.keys, producer=producer, counter=counter, jobs=jobs, budget=budget
        )
    return operations.enqueue(plan.keys, producer=producer, counter=counter, jobs=jobs)


def _batches(planned: Sequence[tuple[Plan, NewJob]]) -> Iterable[list[int]]:
    """Places in the list, by queue, as many together as one call may take."""
    if len(planned) == 1:
        return ([0],)
    by_queue: dict[str, list[list[int]]] = {}
    taken: dict[str, tuple[int, int]] = {}  # by the last batch of a queue: bytes, weight
    for at, (plan, job) in enumerate(planned):
        batches = by_queue.setdefault(plan.queue, [[]])
        size, work = len(job.body), weight.of_new(job)
        before, done = taken.get(plan.queue, (0, 0))
        if batches[-1] and (before + size > BATCH_BYTES or done + work > weight.CALL):
            batches.append([])
            before = done = 0
        taken[plan.queue] = before + size, done + work
        batches[-1].append(at)
    return (batch for batches in by_queue.values() for batch in batches)


def _accepted(task: str, answer: Enqueued) -> str:
    if answer.word == "CONFLICT":
        raise IdempotencyConflict(
            f"{task}: this idempotency key belongs to job {answer.id}, which has other arguments.\n"
            "Use another key, or look at that job: app.result(error.job_id)",
            job_id=answer.id,
        )
    if answer.word == "TAKEN":
        raise JobExists(
            f"{task}: job {answer.id} has the same unique key and has not ended.\n"
            "Look at it: app.result(error.job_id); on_conflict='return' gives its handle instead",
            job_id=answer.id,
        )
    return answer.id

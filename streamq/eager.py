"""Eager mode: `.delay()` runs the job here and now, through the same encoding as a worker would.

Delays are not waited for: a retry follows at once.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq.around import plain_ones, run_around, run_async
from streamq.context import RunningJob, activate
from streamq.eager_saying import RanHere, SaidHere
from streamq.errors import EncodeError
from streamq.jitter import jitter
from streamq.redaction import texts_to_hide
from streamq.retry import Reason, decide
from streamq.watching import tell_enqueued

if TYPE_CHECKING:
    from streamq.definition import Definition
    from streamq.enqueuing import Plan
    from streamq.operations import NewJob, Outcome

MAX_RUNS = 1000  # a job that snoozes for ever ends here

# Yields what an async task returned when called, is sent its value.
Running = Generator[Coroutine[Any, Any, Any], Any, "Outcome"]


def run_here(definition: Definition, plan: Plan, job: NewJob) -> Outcome:
    """Run a job to its end; an async task in a loop of its own."""
    steps = _running(definition, plan, job)
    try:
        step = next(steps)
        while True:
            try:
                value = _in_own_loop(step)
            except Exception as error:  # noqa: BLE001 - the task's; the steps decide
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def run_here_async(definition: Definition, plan: Plan, job: NewJob) -> Outcome:
    """As `run_here`; an async task in the running loop."""
    steps = _running(definition, plan, job)
    try:
        step = next(steps)
        while True:
            try:
                value = await step
            except Exception as error:  # noqa: BLE001 - the task's; the steps decide
                step = steps.throw(error)
            else:
                step = steps.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _running(definition: Definition, plan: Plan, job: NewJob) -> Running:
    codec, attempt, hooks = plan.runtime.codec, 1, plan.runtime.hooks
    said = SaidHere(codec)
    if job.around is not None:
        job.around.sent(job.id)
    tell_enqueued(hooks, plan, job)
    for runs in range(1, MAX_RUNS + 1):
        # Decoded anew for each run, as a worker would: a task may change what it was given.
        args, kwargs, carried = codec.decode_call(job.body, definition.types)
        options = plan.options
        running = RunningJob(
            *(job.id, job.task, plan.queue, attempt),
            tags=options.tags,
            headers=carried.get("headers", options.headers),
            parent=str(carried.get("parent", "")),
            detached=False,
            restored=said.restored,
            report=said,
            application=hooks.application,
        )
        call = partial(definition.call, running, args, kwargs)
        try:
            with activate(running):
                if definition.is_async:
                    value = yield run_async(hooks.around_run, running, call)
                else:
                    value = run_around(plain_ones(hooks.around_run), running, call)
        except Exception as error:  # noqa: BLE001 - whatever the task raises ends this run
            policy = plan.options.retry
            decision = decide(policy, attempt, error, age_seconds=0.0, random=jitter.random)
            if decision.delay is None or runs == MAX_RUNS:
                hidden = texts_to_hide(args, kwargs, plan.options.redact)
                failure = codec.encode_exception(error, hidden)
                _follow(running, "dead")
                return _outcome("failed", attempt, job, said, failure)
            attempt += decision.reason is Reason.RETRY
        else:
            _follow(running, "succeeded")
            return _succeeded(definition, plan, job, attempt, said, value)
    raise AssertionError  # the last run returned


def _follow(running: RunningJob, how: str) -> None:
    """Run what follows from a job that has ended so."""
    for when, follow in running.follow_ups:
        if when == how:
            follow.handle.ran_here = True
            follow.handle.outcome = run_here(follow.definition, follow.plan, follow.job)


def _succeeded(  # noqa: PLR0917 - all of one job
    definition: Definition, plan: Plan, job: NewJob, attempt: int, said: SaidHere, value: Any
) -> Outcome:
    if plan.options.ignore_result:
        return _outcome("none", attempt, job, said)
    try:
        encoded = plan.runtime.codec.encode_value(value, definition.types)
    except EncodeError as error:
        return _outcome("unsendable", attempt, job, said, str(error).encode())
    return _outcome("ok", attempt, job, said, encoded)


def _outcome(kind: str, attempt: int, job: NewJob, said: SaidHere, value: bytes = b"") -> Outcome:
    return RanHere(kind, round(time.time() * 1000), attempt, 0, job.task, value, said=said)


def _in_own_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it to its end, also where a loop runs already: then in a thread of its own."""
    import asyncio  # noqa: PLC0415 - costs 30 ms; only for async tasks in eager mode
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - the same

    if asyncio._get_running_loop() is None:  # noqa: SLF001 - get_running_loop() without its error
        return asyncio.run(coroutine)
    context = copy_context()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(context.run, asyncio.run, coroutine).result()

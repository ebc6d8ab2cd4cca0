"""Running one job, as a list of steps; each way it can end is a branch here and an outcome there.

Nothing that a task does, raises or returns gets past this: also `SystemExit`,
`MemoryError` and a cancellation are that one job's failure.
"""

from __future__ import annotations

import time
from threading import get_ident
from typing import TYPE_CHECKING, Any

from streamq.context import RunningJob, enter, tell_children
from streamq.errors import JobExpired, SoftTimeLimitExceeded, TaskCancelled
from streamq.ids import keeps_result
from streamq.jitter import jitter
from streamq.job_reading import moment
from streamq.logs import trace_id_of
from streamq.operations import Ack, Again, Burial, HandBack, Stray, Throttled, follow_up
from streamq.options import resolve
from streamq.retry import Reason, decide
from streamq.task_errors import RateLimited
from streamq.worker import timing_out
from streamq.worker.failing import failure_of
from streamq.worker.held import Ended
from streamq.worker.interrupting import Bailiff, Why
from streamq.worker.ready import Caller, Ready
from streamq.worker.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.codec import Codec
    from streamq.hooks import Hooks
    from streamq.operations.call import Value
    from streamq.worker.held import Held, Outcome
    from streamq.worker.known import KnownTask
    from streamq.worker.reporting import Reports

UNDECODABLE = "undecodable"  # the bytes of the call can't be read
NOT_ACCEPTED = "not-accepted"  # they are of a kind that accept_content doesn't name
ARGUMENTS = "arguments"  # they no longer fit the task's function


class Runner:
    """Runs jobs of one application; safe for threads."""

    def __init__(
        self,
        tasks: Mapping[str, KnownTask],
        codec: Codec,
        largest: int,
        reports: Reports,
        hooks: Hooks,
    ) -> None:
        self.tasks = tasks
        self.caller = Caller(hooks)
        self.bailiff = Bailiff()
        self._codec = codec
        self._largest = largest  # bytes of an encoded result
        self._reports = reports

    def run(self, held: Held) -> Ended:
        """Run a plain task's job here, in a context of its own (`contextvars`)."""
        ready = self.prepare(held)
        if not isinstance(ready, Ready):
            return Ended(held, ready)
        enter(ready.job)
        if ready.options.is_timed:
            timing_out.begin(held, ready.job, ready.options, self._reports)
        try:
            held.thread = get_ident()  # from here on it can be interrupted
            try:
                value = self.caller.call(ready)
            finally:
                held.thread = 0
                if held.told is not None:
                    self.bailiff.release(held)
        except BaseException as error:  # noqa: BLE001 - see above
            if held.told is not None:  # which may have hit the lines above
                self.bailiff.release(held)
            return self.failed(ready, error)
        return self.succeeded(ready, value)

    async def run_async(self, held: Held, was_cancelled: Callable[[], bool]) -> Ended:
        """Run an async task's job, in an asyncio task of its own.

        `was_cancelled` tells a cancellation by the worker, which hands the job back, from one
        that the job brought upon itself.
        """
        ready = self.prepare(held)
        if not isinstance(ready, Ready):
            return Ended(held, ready)
        enter(ready.job)
        if ready.options.is_timed:
            timing_out.begin(held, ready.job, ready.options, self._reports)
        try:
            value = await self.caller.call_async(ready)
        except BaseException as error:  # noqa: BLE001 - see above
            if was_cancelled() and held.told is not Why.HARD:
                return Ended(held, HandBack(held.job.id, held.lease.token))
            return self.failed(ready, error)
        return self.succeeded(ready, value)

    def timed_out(self, held: Held, began: float) -> Ended:
        """What becomes of a job that ends with its process, over its hard limit or cancelled."""
        ready = self.prepare(held)
        if not isinstance(ready, Ready):
            return Ended(held, ready)
        ready.started = began
        if held.told is not Why.CANCELLED:
            held.told = Why.HARD  # even where it could not hear that
        return self.failed(ready, TaskCancelled())

    def prepare(self, held: Held) -> Ready | Outcome:
        """Everything before the call, or why there won't be one."""
        job, token = held.job, held.lease.token
        name = job.record.task
        task = self.tasks.get(name)
        if task is None:
            return Stray(job.id, token, name)
        started = time.monotonic()
        try:
            args, kwargs, carried = self._codec.decode_call(job.record.body, task.types)
            kept = None if job.checkpoint is None else self._codec.decode_value(job.checkpoint)
        except Exception as error:  # noqa: BLE001 - also from a decode function of the user's
            reason = UNDECODABLE if self._codec.accepts(job.record.body) else NOT_ACCEPTED
            return self._bury(held, reason, error, started)
        if misfit := task.fits(args, kwargs):
            return self._bury(held, ARGUMENTS, TypeError(misfit), started)
        options = resolve(task.options, carried) if carried else task.options
        oldest = options.retry.max_age
        if oldest is not None and (why := timing_out.too_old(held, oldest)):
            return self._bury(held, Reason.TOO_OLD, JobExpired(why, job_id=job.id), started)
        if options.headers:
            held.trace_id = trace_id_of(options.headers)
        running = RunningJob(
            job.id,
            name,
            held.lease.queue,
            job.attempt,
            job.crashes,
            scheduled_for=moment(job.record.scheduled_ms),
            schedule=job.record.schedule,
            tags=options.tags,
            headers=options.headers,
            parent=str(carried.get("parent", "")),
            detached=False,
            restored=kept,
            application=self.caller.application,
            report=Reporter(held, self._reports, self._codec, options.result_ttl),
        )
        return Ready(held, task, options, running, args, kwargs, started)

    def succeeded(self, ready: Ready, value: Any) -> Ended:
        """The function returned: that stands, whatever becomes of its result."""
        seconds = time.monotonic() - ready.started
        held = ready.held
        job_id, ttl_ms, kind, result = held.job.id, 0, "none", b""
        if keeps_result(job_id):
            ttl_ms = int(ready.options.result_ttl * 1000)
            kind, result = self._encode(value, ready)
            result = self.caller.beside(ready) + result
        ack = Ack(
            job_id,
            held.lease.token,
            ready.task.name,
            kind,
            int(seconds * 1000),
            ttl_ms,
            result,
            _follow(ready, "succeeded") if ready.job.follow_ups else (),
        )
        return Ended(held, ack, seconds)

    def failed(self, ready: Ready, error: BaseException) -> Ended:
        """The function raised: again later, or dead."""
        seconds = time.monotonic() - ready.started
        held = ready.held
        if held.told is Why.CANCELLED:
            return Ended(held, HandBack(held.job.id, held.lease.token), seconds)
        if held.told is Why.HARD:
            error = timing_out.timed_out(seconds, ready.options.time_limit, error)
        elif isinstance(error, SoftTimeLimitExceeded):
            error = timing_out.plain(error, ready.options.soft_time_limit)
        if error.__traceback__ is not None:
            error = error.with_traceback(error.__traceback__.tb_next)  # without our own frame
        decision = decide(
            ready.options.retry,
            held.job.attempt,
            error,
            age_seconds=timing_out.age_of(held),
            random=jitter.random,
        )
        if decision.delay is None:
            reason = timing_out.reason_of(decision.reason, error)
            encoded, error = failure_of(ready, error, self._codec)
            burial = self._burial(held, reason, encoded, ready.started)
            if ready.job.follow_ups:
                burial = burial._replace(follow=_follow(ready, "dead"))
            return Ended(held, burial, seconds, error, decision.problem)
        delay_ms = int(decision.delay * 1000)
        if isinstance(error, RateLimited):
            throttled = Throttled(held.job.id, held.lease.token, delay_ms, error.limit)
            return Ended(held, throttled, seconds, error)
        encoded, error = failure_of(ready, error, self._codec)
        again = Again(
            held.job.id,
            held.lease.token,
            delay_ms,
            decision.reason is not Reason.SNOOZE,
            encoded,
            ready.task.name,
        )
        return Ended(held, again, seconds, error, decision.problem)

    def _encode(self, value: Any, ready: Ready) -> tuple[str, bytes]:
        try:
            result = self._codec.encode_value(value, ready.task.types)
        except Exception as error:  # noqa: BLE001 - an encode function of the user's, too
            return "unsendable", f"{type(error).__name__}: {error}"[:1000].encode()
        if len(result) > self._largest:
            why = f"result of {len(result)} bytes is over the limit of {self._largest}"
            return "unsendable", f"{why} (max_result_bytes)".encode()
        return "ok", result

    def _bury(self, held: Held, reason: str, error: BaseException, started: float) -> Burial:
        return self._burial(held, reason, self._codec.encode_exception(error), started)

    @staticmethod
    def _burial(held: Held, reason: str, encoded: bytes, started: float) -> Burial:
        job = held.job
        run_ms = int((time.monotonic() - started) * 1000)
        return Burial(job.id, held.lease.token, job.record.task, reason, run_ms, encoded)


def _follow(ready: Ready, how: str) -> list[Value]:
    """What follows from a job that ended so."""
    here = ready.held.lease.queue
    follow = [one for when, one in ready.job.follow_ups if when == how]
    for one in follow:
        tell_children(one.plan.task, (one.job.id,), ready.job)
    queues = ["" if one.plan.queue == here else one.plan.queue for one in follow]
    pairs = zip(queues, follow, strict=True)
    return [
        part
        for queue, one in pairs
        for part in follow_up(queue, one.job, one.plan.budget and one.plan.budget.most)
    ]

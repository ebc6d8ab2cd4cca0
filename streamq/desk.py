"""Behind tasks and results: all that talks to the server, loaded when first used.

What is asked about a job is written once, as questions, for blocking and for async code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from streamq import operations
from streamq.asking import ask, ask_async, known_queues
from streamq.by_name import ByName
from streamq.cancelling import cancel_one
from streamq.eager import run_here, run_here_async
from streamq.errors import UnknownJob
from streamq.gathering import as_completed, as_completed_async, gather, gather_async
from streamq.ids import parse_id
from streamq.job import JobInfo, JobState
from streamq.job_reading import job_info, state_of
from streamq.keyed import find
from streamq.outcomes import failure_of, value_of, waited_too_long, why_missing
from streamq.parking import plan_here
from streamq.reading_along import Along
from streamq.schedules.keeping import Keeper
from streamq.sending import send, send_async, sending
from streamq.sources import SOURCES, whole_log
from streamq.standing import with_reasons
from streamq.streaming import Stream, send_one
from streamq.waiting import UNKNOWN, Patience, refuse_blocking, wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
    from datetime import timedelta
    from typing import TypeAlias

    from streamq.asking import Question
    from streamq.cancellation import Cancellation
    from streamq.definition import Definition
    from streamq.enqueuing import Plan
    from streamq.job import LogLine
    from streamq.keys import QueueKeys
    from streamq.operations import Look, NewJob, Outcome
    from streamq.options import CallOptions, TaskOptions
    from streamq.result import AsyncResult
    from streamq.runtime import Runtime
    from streamq.sources import Verb
    from streamq.streaming import Checked

    Timeout: TypeAlias = float | timedelta | None
    Planned: TypeAlias = Sequence[tuple[Plan, NewJob]]

T = TypeVar("T")


class Desk:
    """One application's. Holds no connection: safe for threads, loops and forked children."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.by_name = ByName(runtime)
        self.schedules = Keeper(runtime)

    def ask(self, question: Question[T]) -> T:
        """Find out, with blocking calls."""
        return ask(self.runtime, question)

    async def aask(self, question: Question[T]) -> T:
        """Find out, in the running loop."""
        return await ask_async(self.runtime, question)

    def plan(self, definition: Definition, declared: TaskOptions, said: CallOptions) -> Plan:
        """How a task's jobs are enqueued: as it declares, and as a call says over that."""
        return plan_here(self.runtime, definition, declared, said)

    def enqueue(self, planned: Planned) -> list[str]:
        """Enqueue prepared jobs; the id of each."""
        return send(self.runtime, sending(self.runtime, planned))

    def enqueue_one(self, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """Encode and enqueue one job; its id."""
        return send_one(self.runtime, plan, args, kwargs)

    def enqueue_many(
        self, check: Callable[[Any], Checked], calls: Iterable[Any]
    ) -> list[AsyncResult[Any]]:
        """Enqueue calls as they come; `check` gives plan and arguments of each."""
        return Stream(self.runtime, check, calls).run()

    async def aenqueue(self, planned: Planned) -> list[str]:
        """As `enqueue`, in the running loop."""
        return await send_async(self.runtime, sending(self.runtime, planned))

    def run_here(self, definition: Definition, plan: Plan, job: NewJob) -> Outcome:
        """Run a job in eager mode."""
        return run_here(definition, plan, job)

    async def arun_here(self, definition: Definition, plan: Plan, job: NewJob) -> Outcome:
        """As `run_here`, in the running loop."""
        return await run_here_async(definition, plan, job)

    def get(self, job: AsyncResult[Any], timeout: Timeout, *, propagate: bool) -> Any:
        """As `AsyncResult.get` says."""
        if job.outcome is None:
            if timeout != 0:
                refuse_blocking("get")
            until = Patience.of(timeout)
            keys = self.ask(self.queue_keys(job))
            for _, outcome in wait(self.runtime, {job.id: keys}, until):
                job.outcome = outcome
            if job.outcome is None:
                raise self.ask(self.timed_out(job, timeout))
        if job.outcome.kind == UNKNOWN:
            job.outcome = None
            raise self.ask(self.missing(job))
        return self.settled(job, job.outcome, propagate=propagate)

    async def aget(self, job: AsyncResult[Any], timeout: Timeout, *, propagate: bool) -> Any:
        """As `get`, in the running loop."""
        if job.outcome is None:
            from streamq.waiting_async import wait_async  # noqa: PLC0415 - loads asyncio

            until = Patience.of(timeout)
            keys = await self.aask(self.queue_keys(job))
            async for _, outcome in wait_async(self.runtime, {job.id: keys}, until):
                job.outcome = outcome
            if job.outcome is None:
                raise await self.aask(self.timed_out(job, timeout))
        if job.outcome.kind == UNKNOWN:
            job.outcome = None
            raise await self.aask(self.missing(job))
        return self.settled(job, job.outcome, propagate=propagate)

    def as_completed(
        self, jobs: Iterable[AsyncResult[T]], timeout: Timeout
    ) -> Iterator[AsyncResult[T]]:
        """As `StreamQ.as_completed` says."""
        return as_completed(self, jobs, timeout)

    def aas_completed(
        self, jobs: Iterable[AsyncResult[T]], timeout: Timeout
    ) -> AsyncIterator[AsyncResult[T]]:
        """As `as_completed`, in the running loop."""
        return as_completed_async(self, jobs, timeout)

    def gather(
        self, jobs: Iterable[AsyncResult[T]], timeout: Timeout, *, propagate: bool
    ) -> list[T]:
        """As `StreamQ.gather` says."""
        return gather(self, jobs, timeout, propagate=propagate)

    async def agather(
        self, jobs: Iterable[AsyncResult[T]], timeout: Timeout, *, propagate: bool
    ) -> list[T]:
        """As `gather`, in the running loop."""
        return await gather_async(self, jobs, timeout, propagate=propagate)

    def find(
        self, key: str, task: str = "", queue: str | None = None
    ) -> Question[tuple[str, str] | None]:
        """As `keyed.find`."""
        return find(self.runtime, key, task, queue)

    def along(self, verb: Verb, job: AsyncResult[Any], timeout: Timeout) -> Along[Any]:
        """As that method of `AsyncResult` says."""
        return Along(self, job, SOURCES[verb], timeout)

    def log(self, job: AsyncResult[Any]) -> Question[list[LogLine]]:
        """All that it logged so far."""
        return (yield from whole_log(self.runtime, (yield from self.queue_keys(job)), job))

    def queue_keys(self, job: AsyncResult[Any]) -> Question[QueueKeys]:
        """The keys of its queue; `UnknownJob` where no queue here is its."""
        if job.queue is None:
            parsed = parse_id(job.id)
            job.queue = parsed.queue
            if job.queue is None:
                job.queue = parsed.find_queue((yield from known_queues(self.runtime)))
            if job.queue is None:
                raise UnknownJob(f"no queue here belongs to job {job.id}", job_id=job.id)
        return self.runtime.keys(job.queue)

    def look(self, job: AsyncResult[Any]) -> Question[Look]:
        """All that is known of it."""
        if job.ran_here and job.outcome is not None:
            error = job.outcome.value if job.outcome.kind == "failed" else b""
            return operations.Look(job.id, job.outcome, None, None, error, b"", None, "", None, 0)
        keys = yield from self.queue_keys(job)
        answers = yield [operations.look(keys, ids=[job.id])]
        return cast("Look", answers[0][0])

    def info(self, job: AsyncResult[Any]) -> Question[JobInfo]:
        """The same, put into words; state `unknown` where nobody knows it."""
        try:
            look = yield from self.look(job)
        except UnknownJob:  # its queue is unknown
            return JobInfo(job.id)
        task = look.record.task if look.record else look.outcome.task if look.outcome else ""
        runtime, queue = self.runtime, job.queue or ""
        info = job_info(look, queue, runtime.codec, runtime.types_of(task or job.task))
        return (yield from with_reasons(runtime.keys(queue), [info]))[0]

    def state(self, job: AsyncResult[Any]) -> Question[JobState]:
        """Where it is in its life."""
        try:
            look = yield from self.look(job)
        except UnknownJob:
            return JobState.UNKNOWN
        return state_of(look)[0]

    def cancel(self, job: AsyncResult[Any], *, is_told: bool = True) -> Question[Cancellation]:
        """As `cancel_one`."""
        return cancel_one(self, job, is_told=is_told)

    def forget(self, job: AsyncResult[Any]) -> Question[bool]:
        """Remove its outcome; whether there was one."""
        if job.ran_here:
            return False
        answers = yield [operations.forget((yield from self.queue_keys(job)), ids=[job.id])]
        job.outcome = None
        return bool(answers[0])

    def missing(self, job: AsyncResult[Any]) -> Question[Exception]:
        """Why nobody knows it."""
        keys, ttl = (yield from self.queue_keys(job)), self.runtime.conf.result_ttl
        tasks = [job.task] if job.task else list(self.runtime.definitions)
        return (yield from why_missing(parse_id(job.id), keys, tasks, ttl, known=job.known))

    def timed_out(
        self, job: AsyncResult[Any], timeout: Timeout, *, others: int = 0
    ) -> Question[Exception]:
        """The error of who waited too long: where the job stands, and how many others are open."""
        try:
            info = yield from self.info(job)
        except Exception:  # noqa: BLE001 - the wait is over anyway; where it stands is a kindness
            info = JobInfo(job.id)
        return waited_too_long(info, timeout, others)

    def settled(self, job: AsyncResult[Any], outcome: Outcome, *, propagate: bool) -> Any:
        """What an outcome stands for: a value to return, or an exception to raise or return."""
        runtime = self.runtime
        error = failure_of(outcome, job.id, runtime.codec)
        if error is None:
            types = runtime.types_of(outcome.task or job.task)
            return value_of(outcome, job.id, runtime.codec, types)
        if propagate:
            raise error
        return error

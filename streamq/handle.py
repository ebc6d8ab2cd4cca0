"""One job, from outside: what is asked of it, written once for blocking and for async code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from streamq import operations
from streamq.asking import known_queues
from streamq.durations import seconds
from streamq.errors import UnknownJob, WaitTimeout
from streamq.ids import parse_id
from streamq.job import JobInfo, JobState
from streamq.job_reading import job_info, state_of
from streamq.outcomes import failure_of, value_of, why_missing

if TYPE_CHECKING:
    from datetime import timedelta

    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Look, Outcome
    from streamq.runtime import Runtime


class Handle:
    """An id, what is known of the job here, and the questions; `AsyncResult` asks them."""

    __slots__ = ("_known", "_local", "_queue", "_runtime", "_task", "id", "outcome")

    def __init__(
        self,
        job_id: str,
        runtime: Runtime,
        queue: str | None = None,  # None: as the id says
        task: str = "",
        *,
        known: bool = False,  # this process enqueued it
        ran_here: Outcome | None = None,  # it ran in eager mode: no server knows of it
    ) -> None:
        self.id = job_id
        self._runtime = runtime
        self._queue = queue
        self._task = task
        self._known = known
        self.outcome = ran_here  # how it ended, once that is known here
        self._local = ran_here is not None

    def queue_keys(self) -> Question[QueueKeys]:
        """The keys of its queue; `UnknownJob` where no queue here is its."""
        if self._queue is None:
            parsed = parse_id(self.id)
            self._queue = parsed.queue
            if self._queue is None:
                self._queue = parsed.find_queue((yield from known_queues(self._runtime)))
            if self._queue is None:
                raise UnknownJob(f"no queue here belongs to job {self.id}", job_id=self.id)
        return self._runtime.keys(self._queue)

    def _look(self) -> Question[Look]:
        if self._local and self.outcome is not None:
            error = self.outcome.value if self.outcome.kind == "failed" else b""
            return operations.Look(self.id, self.outcome, None, None, error, b"", None, "", None, 0)
        keys = yield from self.queue_keys()
        answers = yield [operations.look(keys, ids=[self.id])]
        return cast("Look", answers[0][0])

    def _info(self) -> Question[JobInfo]:
        try:
            look = yield from self._look()
        except UnknownJob:  # its queue is unknown
            return JobInfo(self.id)
        task = look.record.task if look.record else look.outcome.task if look.outcome else ""
        types = self._runtime.types.get(task or self._task)
        return job_info(look, self._queue or "", self._runtime.codec, types)

    def _state(self) -> Question[JobState]:
        try:
            look = yield from self._look()
        except UnknownJob:
            return JobState.UNKNOWN
        return state_of(look)[0]

    def _cancel(self) -> Question[bool]:
        if self._local:
            return False
        keys = yield from self.queue_keys()
        ttl_ms = round(self._runtime.conf.result_ttl * 1000)
        answers = yield [operations.cancel(keys, ids=[self.id], result_ttl_ms=ttl_ms)]
        return bool(answers[0] == ["OK"])

    def _forget(self) -> Question[bool]:
        if self._local:
            return False
        keys = yield from self.queue_keys()
        answers = yield [operations.forget(keys, ids=[self.id])]
        self.outcome = None
        return bool(answers[0])

    def _missing(self) -> Question[Exception]:
        keys = yield from self.queue_keys()
        tasks = [self._task] if self._task else list(self._runtime.types)
        ttl = self._runtime.conf.result_ttl
        return (yield from why_missing(parse_id(self.id), keys, tasks, ttl, known=self._known))

    def _timed_out(self, timeout: float | timedelta | None) -> Question[Exception]:
        try:
            info = yield from self._info()
        except Exception:  # noqa: BLE001 - the wait is over anyway; where it stands is a kindness
            info = JobInfo(self.id)
        waited = 0.0 if timeout is None else seconds(timeout, "timeout")
        last = f"{type(info.error).__name__}: {info.error}".splitlines()[0] if info.error else ""
        return WaitTimeout(
            self.id, waited, state=info.state.value, reason=info.reason, last_error=last
        )

    def _settled(self, outcome: Outcome, propagate: bool) -> Any:  # noqa: FBT001 - passed on
        runtime = self._runtime
        error = failure_of(outcome, self.id, runtime.codec)
        if error is None:
            types = runtime.types.get(outcome.task or self._task)
            return value_of(outcome, self.id, runtime.codec, types)
        if propagate:
            raise error
        return error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<AsyncResult {self.id}>"

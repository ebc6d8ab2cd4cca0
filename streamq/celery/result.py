"""`AsyncResult`, in Celery's words, of a job that streamq runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq import JobState, errors
from streamq.celery import states
from streamq.celery.exceptions import TaskRevokedError, TimeoutError, WorkerLostError
from streamq.celery.registry import current_app
from streamq.job import JobInfo
from streamq.option_checks import SharedKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from streamq import AsyncResult as Job
    from streamq import StreamQ


class AsyncResult:
    """The result of a task by its id.

    An id that nobody knows is PENDING, as in Celery; only `get()` says so, by raising
    `UnknownJob` where Celery would wait for ever.
    """

    def __init__(
        self,
        id: str,
        backend: object = None,  # there is one place for results
        task_name: str | None = None,
        app: StreamQ | None = None,
        parent: AsyncResult | None = None,
        *,
        job: Job[Any] | None = None,
    ) -> None:
        del backend
        self.id = id
        self.app = app or current_app()
        self.parent = parent
        self._name = task_name
        self._job = job

    @property
    def job(self) -> Job[Any]:
        """Streamq's own handle; `UnknownJob` where nobody knows this id."""
        if self._job is None:
            self._job = self._find()
        return self._job

    def _find(self) -> Job[Any]:
        """By an id of streamq's, or by one that the caller gave, which may look like one."""
        try:
            job = self.app.result(self.id)
        except errors.UnknownJob:
            job = None
        if job is not None and job.state is not JobState.UNKNOWN:
            return job
        given = self.app.find(SharedKey(self.id))
        if given is None and job is None:
            raise errors.UnknownJob(
                f"nobody knows task {self.id!r}: check the id, the broker's URL and the namespace "
                f"({self.app.namespace!r})",
                job_id=self.id,
            )
        return given or job  # type: ignore[return-value] # one of the two is there

    @property
    def task_id(self) -> str:
        """The same as `id`."""
        return self.id

    # --- waiting ---------------------------------------------------------------------------

    def get(
        self,
        timeout: float | timedelta | None = None,  # seconds; None waits for ever
        propagate: bool = True,
        interval: float | None = None,
        no_ack: bool = True,
        follow_parents: bool = True,
        callback: Callable[[str, Any], Any] | None = None,
        on_message: object = None,
        on_interval: object = None,
        disable_sync_subtasks: bool = True,
        **_: Any,
    ) -> Any:
        """Wait for the task's end; returns its result, or raises its exception.

        With `propagate=False` the exception is returned. Raises `TimeoutError`,
        `TaskRevokedError`, `WorkerLostError`, and at once `UnknownJob`. The answer is pushed, so
        `interval` and the others mean nothing here.
        """
        del interval, no_ack, follow_parents, on_message, on_interval, disable_sync_subtasks
        try:
            value = self.job.get(timeout, propagate=False)
        except errors.WaitTimeout as error:
            raise TimeoutError.of(error) from None
        except errors.ResultIgnored:
            return None
        value = _in_celerys_words(value)
        if propagate and isinstance(value, BaseException) and self._has_failed():
            raise value
        if callback is not None:
            callback(self.id, value)
        return value

    wait = get

    def ready(self) -> bool:
        """Whether the task has ended."""
        return self.state in states.READY_STATES

    def successful(self) -> bool:
        """Whether it ended well."""
        return self.state == states.SUCCESS

    def failed(self) -> bool:
        """Whether it failed for good."""
        return self.state == states.FAILURE

    def maybe_throw(self, propagate: bool = True, callback: Any = None) -> Any:
        """The result of a task that has ended, as `get` gives it; else None."""
        return self.get(0, propagate=propagate, callback=callback) if self.ready() else None

    # --- looking ---------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """PENDING, STARTED, RETRY, SUCCESS, FAILURE, REVOKED, or what `update_state` said."""
        return self._look()[0]

    status = state

    @property
    def result(self) -> Any:
        """What the task returned; of a failed one the exception; what `update_state` said."""
        state, info, meta = self._look()
        if state == states.SUCCESS:
            return info.result
        if state in states.EXCEPTION_STATES:
            return _in_celerys_words(info.error)
        if state == states.STARTED:
            return {"hostname": info.worker}
        return meta

    info = result

    @property
    def traceback(self) -> str | None:
        """The worker's traceback of the last failure, as text."""
        return self._look()[1].traceback or None

    @property
    def name(self) -> str | None:
        """The task's name."""
        return self._name or self._look()[1].task or None

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments: while the job is there, and with `result_extended` with its result."""
        return self._look()[1].args

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments, as `args`."""
        return dict(self._look()[1].kwargs)

    @property
    def retries(self) -> int:
        """How often it was run again."""
        return max(0, self._look()[1].attempt - 1)

    @property
    def queue(self) -> str:
        """The queue that it is in."""
        return self._look()[1].queue

    @property
    def date_done(self) -> Any:
        """When it ended."""
        return self._look()[1].ended_at

    # --- acting ----------------------------------------------------------------------------

    def forget(self) -> None:
        """Remove the kept result."""
        try:
            self.job.forget()
        except errors.UnknownJob:
            return

    def revoke(self, connection: object = None, terminate: bool = False, **_: Any) -> None:
        """Take the task back before it runs. One that runs goes on, but is not run again.

        With `terminate=True` it is ended, in workers of every pool; the rest means nothing here.
        """
        del connection
        desk = self.app.runtime.desk
        try:
            desk.ask(desk.cancel(self.job, is_told=terminate))
        except errors.UnknownJob:
            return

    def _look(self) -> tuple[str, JobInfo, Any]:
        try:
            info = self.job.info()
        except errors.UnknownJob:
            return states.PENDING, JobInfo(self.id), None
        custom = states.custom(info.progress.message) if info.progress else None
        if custom and info.state is JobState.RUNNING:
            return custom[0], info, custom[1]
        return states.of(info.state, info.reason), info, None

    def _has_failed(self) -> bool:
        outcome = self.job.outcome
        return outcome is None or outcome.kind not in {"ok", "none"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<AsyncResult: {self.id}>"


class EagerResult(AsyncResult):
    """Of a task that ran in place: `task.apply()`, or with `task_always_eager`."""


def _in_celerys_words(value: Any) -> Any:
    """Streamq's exception under the name that Celery has for it; anything else as it is."""
    if type(value) in (errors.JobCancelled, errors.JobExpired):
        return TaskRevokedError(str(value), job_id=value.job_id)
    if type(value) is errors.JobError:
        return WorkerLostError(str(value), job_id=value.job_id)
    return value

"""Celery's exceptions by Celery's names; those that streamq raises too are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq import errors

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

__all__ = [
    "AlreadyRegistered",
    "CeleryError",
    "Ignore",
    "ImproperlyConfigured",
    "MaxRetriesExceededError",
    "NotRegistered",
    "OperationalError",
    "Reject",
    "Retry",
    "SoftTimeLimitExceeded",
    "TaskError",
    "TaskPredicate",
    "TaskRevokedError",
    "Terminated",
    "TimeLimitExceeded",
    "TimeoutError",
    "WorkerLostError",
]

CeleryError = errors.StreamQError
ImproperlyConfigured = AlreadyRegistered = errors.ConfigurationError
OperationalError = errors.BrokerUnavailable
NotRegistered = errors.UnknownTask
SoftTimeLimitExceeded = errors.SoftTimeLimitExceeded
TimeLimitExceeded = errors.TimeLimitExceeded
Terminated = errors.TaskCancelled
TaskError = errors.JobError


class TaskPredicate(errors.StreamQError):
    """The base of what a task raises to say how it ended."""


class Retry(errors.Retry, TaskPredicate):
    """The task is to run again; `self.retry()` raises it."""

    def __init__(
        self,
        message: str | None = None,
        exc: BaseException | None = None,
        when: float | datetime | None = None,
        *,
        countdown: float = 0.0,  # seconds
        is_eager: bool = False,
        sig: Any = None,
    ) -> None:
        super().__init__(countdown)
        self.message = message
        self.exc, self.when = exc, when
        self.is_eager, self.sig = is_eager, sig
        self.args = (message, repr(exc) if exc else None)

    @property
    def excs(self) -> str | None:
        """The exception that asked for it, as text."""
        return repr(self.exc) if self.exc else None

    def humanize(self) -> str:
        """When it runs again, in words."""
        return f"in {self.when}s" if isinstance(self.when, int | float) else f"at {self.when}"

    def __str__(self) -> str:
        if self.message:
            return str(self.message)
        return f"Retry {self.humanize()}" + (f": {self.exc!r}" if self.exc else "")


class Ignore(TaskPredicate):
    """The task says nothing of how it ended: here it has succeeded, with no result."""


class Reject(TaskPredicate):
    """The job is dead, or with `requeue=True` runs again at once, not counted as a retry."""

    def __init__(self, reason: object = None, requeue: bool = False) -> None:
        self.reason, self.requeue = reason, requeue
        super().__init__(reason, requeue)


class MaxRetriesExceededError(errors.StreamQError):
    """`self.retry()` was asked for once more than `max_retries` allows."""

    def __init__(
        self, *args: object, task_args: tuple[Any, ...] = (), task_kwargs: Any = None
    ) -> None:
        self.task_args, self.task_kwargs = task_args, task_kwargs or {}
        super().__init__(*args)


class TimeoutError(errors.WaitTimeout):
    """`get(timeout=…)` ran out; the job goes on."""

    @classmethod
    def of(cls, error: errors.WaitTimeout) -> Self:
        """What streamq raised, under Celery's name."""
        return cls(
            error.job_id or "",
            error.timeout,
            state=error.state,
            reason=error.reason,
            last_error=error.last_error,
        )


class TaskRevokedError(errors.JobCancelled):
    """The job was revoked, or expired before it ran."""


class WorkerLostError(errors.JobError):
    """The job is dead: the process that ran it was killed too often."""

"""`self.retry()` and `autoretry_for`: when a Celery task runs again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from streamq.celery.call_options import in_zone
from streamq.celery.exceptions import MaxRetriesExceededError, Retry
from streamq.errors import ConfigurationError
from streamq.jitter import jitter

if TYPE_CHECKING:
    from streamq.celery.request import Context
    from streamq.celery.task import Task


def asked(task: Task, how: dict[str, Any]) -> Exception:
    """What `task.retry(**how)` raises: `Retry`, or where that was once too often something else."""
    request, exc = task.request, how["exc"]
    if request.called_directly:
        return exc or Retry("Task can be retried", None)
    most = task.max_retries if how["max_retries"] is None else how["max_retries"]
    if most is not None and request.retries + 1 > most:
        return exc or MaxRetriesExceededError(
            f"Can't retry {task.name}[{request.id}] args:{request.args} kwargs:{request.kwargs}",
            task_args=tuple(request.args),
            task_kwargs=request.kwargs,
        )
    _refuse_other_arguments(task, request, how)
    when = how["eta"] or how["countdown"]
    if when is None:
        when = task.default_retry_delay
    again = Retry(exc=exc, when=when, countdown=_seconds(task, when), is_eager=request.is_eager)
    again.__cause__ = exc  # whose traceback belongs to it
    return again


def autoretry(task: Task, error: Exception) -> Exception:
    """What an exception that a task raised comes to, by its `autoretry_for`."""
    if not _is(error, task.autoretry_for) or _is(error, task.dont_autoretry_for):
        return error
    how = dict(task.retry_kwargs or {})
    if task.retry_backoff:
        how["countdown"] = backoff(task, task.request.retries)
    try:
        task.retry(exc=error, **how)
    except Exception as outcome:  # noqa: BLE001 - whatever it raises is what the task comes to
        return outcome
    return error


def backoff(task: Task, retries: int) -> int:
    """Seconds: doubled each time, at most `retry_backoff_max`, any less of it with jitter."""
    factor = int(max(1.0, task.retry_backoff))
    wait: int = min(task.retry_backoff_max, factor * (2 ** min(retries, 60)))
    return jitter.randrange(wait + 1) if task.retry_jitter else max(0, wait)


def _refuse_other_arguments(task: Task, request: Context, how: dict[str, Any]) -> None:
    for name, now in (("args", list(request.args)), ("kwargs", dict(request.kwargs))):
        given = how[name]
        if given is not None and type(now)(given) != now:
            raise ConfigurationError(
                f"{task.name}: self.retry({name}=…) with other arguments: a job keeps those that "
                "it was enqueued with.\nEnqueue another one: self.apply_async(args, kwargs)"
            )


def _seconds(task: Task, when: Any) -> float:
    if isinstance(when, datetime):
        when = in_zone(when, task.app) - datetime.now(UTC)
    return max(0.0, when.total_seconds() if isinstance(when, timedelta) else float(when))


def _is(error: Exception, kinds: Any) -> bool:
    return isinstance(error, tuple(kinds or ()) if not isinstance(kinds, type) else kinds)

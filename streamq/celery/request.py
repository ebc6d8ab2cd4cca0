"""What a Celery task knows of the job that it runs for: `self.request`."""

from __future__ import annotations

import os
import socket
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq import RunningJob

HEADER = "celery"  # of a job: what belongs to this package and not to the user's headers
_running: ContextVar[Context | None] = ContextVar("streamq_celery_request", default=None)


class Context:
    """One run of a task. Attributes as in Celery; `get` asks for one that may be missing."""

    id: str | None = None
    task: str | None = None
    args: Any = None
    kwargs: Any = None
    retries: int = 0  # earlier runs that asked for another
    hostname: str | None = None
    headers: Mapping[str, Any] | None = None
    delivery_info: Mapping[str, Any] | None = None
    called_directly: bool = True  # as a function: no job
    is_eager: bool = False
    eta: str | None = None  # ISO 8601
    expires: str | None = None
    timelimit: tuple[float | None, float | None] = (None, None)
    root_id: str | None = None
    parent_id: str | None = None
    group: str | None = None
    group_index: int | None = None
    chord: Any = None
    chain: Any = None
    callbacks: Any = None  # signatures of `link`
    errbacks: Any = None  # signatures of `link_error`
    correlation_id: str | None = None
    reply_to: str | None = None
    origin: str | None = None
    shadow: str | None = None
    ignore_result: bool = False
    loglevel: Any = None
    logfile: Any = None
    utc: bool = True
    job: RunningJob | None = None  # streamq's own
    pending_retry: BaseException | None = None  # of self.retry(throw=False)

    def __init__(self, **facts: Any) -> None:
        self.__dict__.update(facts)

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default."""
        return getattr(self, name, default)

    def as_dict(self) -> dict[str, Any]:
        """What an error callback in another process is given of it."""
        kept = ("id", "task", "args", "kwargs", "retries", "hostname", "root_id", "parent_id")
        return {name: getattr(self, name) for name in kept}

    def __repr__(self) -> str:
        return f"<Context: {self.__dict__!r}>"


def current() -> Context | None:
    """The run that this code belongs to."""
    return _running.get()


def enter(context: Context) -> Any:
    """Make it the one that `current` gives; returns what `leave` takes."""
    return _running.set(context)


def leave(token: Any) -> None:
    """Put back the one before."""
    _running.reset(token)


def request_of(task: str, job: RunningJob, args: Any, kwargs: Any, *, eager: bool) -> Context:
    """The request of a job that a worker, or eager mode, runs."""
    own = job.headers.get(HEADER) or {}
    task_id = own.get("id") or job.id
    scheduled = job.scheduled_for.isoformat() if job.scheduled_for else None
    return Context(
        id=task_id,
        task=task,
        args=list(args),
        kwargs=kwargs,
        retries=job.attempt - 1,
        hostname=f"streamq@{socket.gethostname()}",
        headers={name: value for name, value in job.headers.items() if name != HEADER} or None,
        delivery_info={
            "exchange": "",
            "routing_key": job.queue,
            "priority": own.get("priority"),
            "redelivered": job.crashes > 0,
            "is_eager": eager,
        },
        called_directly=False,
        timelimit=job.time_limits,
        is_eager=eager,
        eta=own.get("eta") or scheduled,
        expires=own.get("expires"),
        root_id=own.get("root_id") or task_id,
        parent_id=own.get("parent_id"),
        callbacks=own.get("link"),
        errbacks=own.get("link_error"),
        correlation_id=task_id,
        origin=own.get("origin"),
        shadow=own.get("shadow"),
        job=job,
    )


def origin() -> str:
    """Who sends a job: process and host."""
    return f"{os.getpid()}@{socket.gethostname()}"

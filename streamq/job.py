"""What is known about one job: values only, nothing here talks to a server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamq.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Attempt", "Child", "JobInfo", "JobState", "LogLine", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running job last said of its progress."""

    done: float
    total: float | None = None  # None: unknown
    message: str = ""

    @property
    def fraction(self) -> float | None:
        """Done of total, 0 to 1; None where the total is unknown or zero."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total else None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's own log."""

    when: datetime  # by the server's clock
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run that is over, and is remembered as long as its job or its result is there."""

    number: (
        int  # 1 for the first run; a run that was lost doesn't count, and its number comes again
    )
    how: str  # succeeded, retry, snooze, crashed, reclaimed (its lease ran out), failed, …
    worker: str
    started_at: datetime | None  # aware, UTC: when it was claimed
    run_seconds: float
    error: BaseException | None = None  # None: it told none, or one too large to keep
    traceback: str = ""  # the worker's


@dataclass(frozen=True, slots=True)
class Child:
    """A job that another one enqueued."""

    id: str
    task: str
    state: JobState = JobState.UNKNOWN  # unknown: not made yet, or it ended longer ago than is kept
    reason: str = ""


@dataclass(frozen=True, slots=True)
class JobInfo:
    """All of a job, from one read; what isn't known is None or empty."""

    id: str
    task: str = ""  # its name
    queue: str = ""
    lane: str = ""  # its key; of a job that has not ended well
    state: JobState = JobState.UNKNOWN
    reason: str = ""  # why it is in that state: retry, failed, poison, …
    attempt: int = 0  # runs counted so far; of a running job the number of this one
    crashes: int = 0  # runs that ended in a killed process, counted apart
    enqueued_at: datetime | None = None  # aware, UTC, as all times here
    due_at: datetime | None = None  # when a scheduled job may run
    scheduled_for: datetime | None = None  # the tick that a schedule made it for
    schedule: str = ""  # the name of that schedule
    started_at: datetime | None = None  # of the run going on, or of the last one
    ended_at: datetime | None = None
    expires_at: datetime | None = None  # not started after this
    worker: str = ""  # who runs it, or ran it last
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    result: Any = None  # what a succeeded job returned, where it was kept
    error: BaseException | None = None  # of a dead job, or of the last failed attempt
    traceback: str = ""  # the worker's, of that error
    progress: Progress | None = None
    run_seconds: float | None = None  # how long the last run took
    parent: str = ""  # the id of the job that enqueued it
    children: tuple[Child, ...] = ()  # that it enqueued, the newest 200, the oldest first
    attempts: tuple[Attempt, ...] = ()  # oldest first: the last ten that ended badly, the last run
    problem: str = ""  # why arguments, result or error could not be read here

"""Which jobs are meant: by task, state, tag, time, error and arguments."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from streamq.job_reading import error_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from streamq.app import StreamQ
    from streamq.job import JobInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """All that is said must hold; None and empty say nothing."""

    task: str | None = None
    state: str | None = None  # one of `JobState`
    tag: str | None = None
    since: datetime | None = None  # aware: ended, started or enqueued at that time or later
    until: datetime | None = None  # the same, earlier
    error: str | None = None  # in the type or the message of its last error, in any case
    args: Mapping[str, str] = field(default_factory=dict)  # by name: the value as JSON, or as text

    @property
    def is_empty(self) -> bool:
        """Whether every job fits."""
        return not any(getattr(self, one.name) for one in fields(self))

    def fits(self, app: StreamQ, job: JobInfo) -> bool:
        """Whether a job is one of those that are meant.

        An argument by position has a name only where the application knows the task.
        """
        if not self.may_fit(job):
            return False
        if self.tag and self.tag not in job.tags:
            return False
        if self.error and not _names(self.error, _last_error(job)):
            return False
        return not self.args or self._args_fit(app, job)

    @property
    def needs_all(self) -> bool:
        """Whether a summary is too little to tell: more must be read of a job that has ended."""
        return bool(self.tag or self.error or self.args)

    def may_fit(self, job: JobInfo) -> bool:
        """Whether what each summary holds, task, state and times, fits."""
        if (self.task and job.task != self.task) or (self.state and job.state != self.state):
            return False
        when = job.ended_at or job.started_at or job.enqueued_at
        if (self.since or self.until) and when is None:
            return False
        too_early = self.since and when and when < self.since
        return not (too_early or (self.until and when and when >= self.until))

    def _args_fit(self, app: StreamQ, job: JobInfo) -> bool:
        given = named_arguments(app, job)
        return all(name in given and _is(given[name], text) for name, text in self.args.items())


def named_arguments(app: StreamQ, job: JobInfo) -> dict[str, Any]:
    """A job's arguments by name, as far as their names are known here."""
    task = app.tasks.get(job.task)
    names = task.annotations.names if task is not None else ()
    return {**dict(zip(names, job.args, strict=False)), **job.kwargs}


def _is(value: Any, text: str) -> bool:
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = text
    same: bool = value == wanted and isinstance(value, bool) is isinstance(wanted, bool)
    return same or str(value) == text


def _last_error(job: JobInfo) -> BaseException | None:
    """Its own, or of a job that succeeded in the end that of its last failed attempt."""
    told = (one.error for one in reversed(job.attempts) if one.error)
    return job.error or next(told, None)


def _names(wanted: str, error: BaseException | None) -> bool:
    if error is None:
        return False
    return wanted.casefold() in f"{error_name(error)}: {error}".casefold()

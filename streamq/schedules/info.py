"""What is known about a schedule: values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamq.job_state import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """One job that a schedule made."""

    id: str
    scheduled_for: datetime | None  # the tick, aware, UTC, as all times here
    made_at: datetime | None  # later than that where it was made up for
    state: JobState = JobState.UNKNOWN
    ended_at: datetime | None = None
    run_seconds: float | None = None  # of its last run


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """All of a schedule, from one read; what isn't known is None or empty."""

    name: str
    app: str  # the application's name
    task: str = ""
    queue: str = ""  # where its jobs go
    timing: str = ""  # in words: "cron */5 * * * * (UTC)", "every 0:00:30"
    cron: str | None = None
    tz: str | None = None
    every: float | None = None  # seconds
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None
    jitter: float = 0.0  # seconds
    on_missed: str = "once"
    missed_limit: int = 0
    overlap: str = "allow"
    paused: bool = False
    next_run: datetime | None = None  # its next tick; None: paused, or none comes any more
    source: str = "code"  # or "run time", where it was made or changed there
    declared_at: datetime | None = None  # when a worker's code last had it
    declared: bool = True  # False: it was in some code, and no worker has that any more
    fired: int = 0  # ticks that got their job
    missed: int = 0  # ticks given up because nobody was there
    skipped: int = 0  # ticks given up because the run before still went on
    runs: tuple[ScheduledRun, ...] = ()  # the last 20, the newest first
    problem: str = ""  # why it can't be read here

    @property
    def state(self) -> str:
        """`active`, `paused`, or `ended` where no tick comes any more."""
        return "paused" if self.paused else "active" if self.next_run else "ended"

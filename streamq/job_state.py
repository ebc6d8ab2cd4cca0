"""The words for where a job is in its life. Apart from `job`, which costs an import 5 ms."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is in its life; a `reason` beside it says why."""

    SCHEDULED = "scheduled"  # may run later: delayed, or failed and to be retried
    PARKED = "parked"  # held back: no worker knows its task, a limit, a pause
    WAITING = "waiting"  # may run now
    RUNNING = "running"  # claimed by a worker
    SUCCEEDED = "succeeded"  # ended well
    DEAD = "dead"  # failed for good; kept, readable, and can be revived
    CANCELLED = "cancelled"  # somebody took it back
    EXPIRED = "expired"  # its `expires` passed before it could start
    UNKNOWN = "unknown"  # nobody knows it: never was, or ended longer ago than is kept

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to the job by itself."""
        return self in _ENDED


_ENDED = frozenset({JobState.SUCCEEDED, JobState.DEAD, JobState.CANCELLED, JobState.EXPIRED})

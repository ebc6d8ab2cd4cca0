"""What can be wrong with a schedule at run time."""

from __future__ import annotations

from streamq.errors import StreamQError


class ScheduleError(StreamQError):
    """A schedule can't be changed so; the message says why, and what to do."""


class UnknownSchedule(ScheduleError, LookupError):
    """No schedule of this application has that name."""

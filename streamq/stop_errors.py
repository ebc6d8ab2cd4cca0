"""How a run is told to stop, and what it has then failed with; found in `streamq.errors`."""

from __future__ import annotations

from streamq.error_base import StreamQError

PUBLIC = "streamq.errors"  # where they are found, and what they are called in a traceback


class SoftTimeLimitExceeded(StreamQError):
    """Raised inside a task at its `soft_time_limit`: clean up and end before the hard one."""

    __module__ = PUBLIC


class TimeLimitExceeded(StreamQError):
    """What a run has failed with that was over its `time_limit`, and was ended from outside."""

    __module__ = PUBLIC


class TaskCancelled(BaseException):
    """Raised inside a plain task that is cancelled or over its `time_limit`; let it pass."""

    __module__ = PUBLIC

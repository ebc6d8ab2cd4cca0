"""What a run that was ended over its `time_limit` has failed with."""

from __future__ import annotations

import asyncio

from streamq.errors import TaskCancelled, TimeLimitExceeded


def timed_out(seconds: float, error: BaseException) -> TimeLimitExceeded:
    """In place of what came out of it: where it was then, and what its cleaning up raised."""
    over = TimeLimitExceeded(f"ended after {seconds:.1f} s, over its time limit")
    over.__traceback__ = error.__traceback__
    if not isinstance(error, (TaskCancelled, asyncio.CancelledError)):
        over.__cause__ = error
    return over

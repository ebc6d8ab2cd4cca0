"""What a task raises of a limit elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.errors import Retry

if TYPE_CHECKING:
    from datetime import timedelta


class RateLimited(Retry):
    """Raise it in a task that somebody else's limit has stopped, as HTTP 429 does.

    For `retry_after` (seconds or a timedelta) no job with the same key starts; others go on. The
    job runs again after that, in its place, and its attempt isn't counted. `limit` names the limit
    that is meant, where a job has several: "github". A job without limits runs again later alone.
    """

    def __init__(self, retry_after: float | timedelta, *, limit: str = "") -> None:
        try:
            super().__init__(retry_after, counted=False)
        except ValueError:
            raise ValueError(
                f"RateLimited(retry_after={retry_after!r}): must be 0 or more seconds"
            ) from None
        self.retry_after = self.countdown or 0.0  # seconds
        self.limit = limit

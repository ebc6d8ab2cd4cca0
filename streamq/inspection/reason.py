"""Why a job is where it is, a thing at a time; values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that keeps a job from running, or that is to be known of one that runs."""

    kind: str  # due, retry, before, rate limit, concurrency, lane, paused, unknown task, …
    text: str  # for people, on one line
    jobs: tuple[str, ...] = ()  # ids of the jobs that it waits for, where they are known
    seconds: float | None = None  # about how long it waits, where that can be said


def span(seconds: float) -> str:
    """A duration for people, in one unit or two."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 1:
        return f"{whole} s"
    if hours < 1:
        return f"{minutes} min {whole % 60} s"
    return f"{hours} h {minutes % 60} min" if days < 1 else f"{days} d {hours % 24} h"

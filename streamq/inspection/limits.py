"""What limits have given, and what waits for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.key_template import shown
from streamq.limits import RateLimit
from streamq.limits_in_force import limits_question
from streamq.operations import limiters

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.limits import Concurrency
    from streamq.limits_in_force import LimitInfo
    from streamq.operations import Limiter


@dataclass(frozen=True, slots=True)
class LimiterInfo:
    """One limit, or one key of it, at one instant."""

    queue: str
    name: str  # of the limit
    key: str  # empty: one count for all
    limit: RateLimit | Concurrency  # as it holds now
    used: int  # jobs that run; of a rate, starts that are booked
    waiting: int  # jobs
    more_wait: bool  # than were counted
    next_free_seconds: float | None  # until the next may start; None: when one ends
    held: bool  # a task said that somebody else's limit is used up


def limiters_question(
    app: StreamQ, queues: list[str] | None = None, limit: int = 50
) -> Question[list[LimiterInfo]]:
    """All limits, and of those with keys each that is in use; up to `limit` of them a limit."""
    found: list[LimiterInfo] = []
    for info in (yield from limits_question(app)):
        if not queues or info.queue in queues:
            found += yield from _keys_of(app, info, limit)
    return found


def _keys_of(app: StreamQ, info: LimitInfo, limit: int) -> Question[list[LimiterInfo]]:
    kind = "r" if isinstance(info.limit, RateLimit) else "c"
    found: list[LimiterInfo] = []
    cursor = ""
    while True:
        call = limiters(app.keys(info.queue), limiter=kind + info.name, cursor=cursor)
        (page,) = yield [call]
        found += [_described(info, one) for one in page.limiters]
        cursor = page.cursor
        if not cursor or len(found) > limit:
            break
    if len(found) > 1:  # the first one is the limit without a key
        found = [one for one in found if one.key or one.used or one.waiting]
    return found[:limit]


def _described(info: LimitInfo, seen: Limiter) -> LimiterInfo:
    used, free_ms = seen.running, 0.0
    free: float | None = 0.0
    if isinstance(info.limit, RateLimit):
        step_ms = info.limit.interval * 1000
        used = max(0, math.ceil(seen.arrival_ms / step_ms))
        free_ms = seen.arrival_ms - (info.limit.burst - 1) * step_ms
        free = max(0.0, free_ms, seen.held_ms) / 1000
    elif used >= info.limit.limit:
        free = None
    elif seen.held_ms > 0:
        free = seen.held_ms / 1000
    return LimiterInfo(
        info.queue,
        info.name,
        shown(seen.id.partition("!")[2]),
        info.limit,
        used,
        seen.jobs,
        seen.classes > 20,  # noqa: PLR2004 - as many as the script counts
        free,
        seen.held_ms > 0,
    )

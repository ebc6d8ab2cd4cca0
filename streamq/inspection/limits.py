"""What limits have given, and what waits for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.key_template import shown
from streamq.limit_texts import parse_limit
from streamq.limits import RateLimit
from streamq.limits_in_force import LimitInfo, keyed_name, limits_question, queues_question
from streamq.operations import limiters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.limits import Concurrency
    from streamq.operations import Limiter


_CLASSES = 20  # of which the script counts the jobs


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
    """All limits, and of those with keys each that is in use; up to `limit` of a queue."""
    by_queue: dict[str, dict[str, LimitInfo]] = {}
    for info in (yield from limits_question(app)):
        name = info.name if info.key is None else keyed_name(info.name, info.key)
        by_queue.setdefault(info.queue, {})[name] = info
    found: list[LimiterInfo] = []
    for queue in queues or (yield from queues_question(app)):
        found += yield from _of_queue(app, queue, by_queue.get(queue, {}), limit)
    return found


def _of_queue(
    app: StreamQ, queue: str, infos: Mapping[str, LimitInfo], limit: int
) -> Question[list[LimiterInfo]]:
    seen: dict[str, LimiterInfo] = {}  # one may be on two pages
    cursor = "start"
    while cursor and len(seen) <= limit:
        at = "" if cursor == "start" else cursor
        (page,) = yield [limiters(app.keys(queue), cursor=at)]
        for one in page.limiters:
            info = (
                infos.get(one.id[1:])
                or infos.get(one.id[1:].partition("!")[0])
                or _of_calls(queue, one)
            )
            if info is not None:
                seen.setdefault(one.id, _described(info, one))
        cursor = page.cursor
    in_use = {one.name for one in seen.values()} | {(one.name, one.key) for one in seen.values()}
    mine = {
        name: info.name if info.key is None else (info.name, info.key)
        for name, info in infos.items()
    }
    idle = [_idle(info) for name, info in infos.items() if mine[name] not in in_use]
    return sorted([*seen.values(), *idle], key=lambda one: (one.name, one.key))[:limit]


def _of_calls(queue: str, seen: Limiter) -> LimitInfo | None:
    """A limit that nobody published, as of one call: what is known of it is what its jobs say."""
    for part in seen.first_class.split("|")[2:]:
        name, _, numbers = part.partition("=")
        limit = (
            parse_limit(" ".join([name[0], *numbers.split("=")[:2]])) if name == seen.id else None
        )
        if limit is not None:
            return LimitInfo(seen.id[1:].partition("!")[0], queue, limit, None)
    return None


def _described(info: LimitInfo, seen: Limiter) -> LimiterInfo:
    used = seen.used
    free: float | None = seen.held_in_us / 1e6
    if isinstance(info.limit, RateLimit):
        step_us = info.limit.spacing * 1e6
        used = math.ceil(seen.booked_in_us / step_us)
        after_us = seen.booked_in_us - (info.limit.burst - 1) * step_us
        free = max(0.0, after_us, seen.held_in_us) / 1e6
    elif used >= info.limit.limit:
        free = None
    return LimiterInfo(
        info.queue,
        info.name,
        shown(seen.id.partition("!")[2]),
        info.limit,
        used,
        seen.jobs,
        seen.classes > _CLASSES,
        free,
        seen.held_in_us > 0,
    )


def _idle(info: LimitInfo) -> LimiterInfo:
    """A limit that nobody uses now."""
    return LimiterInfo(info.queue, info.name, info.key or "", info.limit, 0, 0, False, 0.0, False)  # noqa: FBT003

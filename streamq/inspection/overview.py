"""How many jobs are where, queue by queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamq.asking import known_queues
from streamq.operations import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """One queue at one instant."""

    queue: str
    waiting: int  # may run now
    scheduled: int  # may run later: delayed, or to be retried
    parked: int  # held back: by a limit, lane, pause or unique key, or no worker knows their task
    running: int
    dead: int
    workers: int  # that count as alive
    results: int  # outcomes kept
    oldest_seconds: float | None  # how long the job that is next has been waiting
    next_due_seconds: float | None  # until the next scheduled job may run
    now_ms: int  # the server's clock, Unix ms
    counters: Mapping[str, int] = field(default_factory=dict)  # since the queue was made

    @property
    def pending(self) -> int:
        """Jobs that have not ended."""
        return self.waiting + self.scheduled + self.parked + self.running


_HELD = ("stranded", "parked", "heirs")
_NUMBERS = ("waiting", "scheduled", *_HELD, "running", "dead", "jobs", "results")
_OTHERS = frozenset({*_NUMBERS, "workers", "oldest_ms", "next_due_ms", "now_ms"})
_NEVER_MS = 100 * 366 * 86_400_000  # jobs that wait for another one are due after that


def queues_question(app: StreamQ) -> Question[list[QueueInfo]]:
    """Every queue that was ever used, and those that the application's tasks name."""
    known = yield from known_queues(app)
    names = sorted({*known, *(app.queues() if app.tasks else ())})
    if not names:
        return []
    seen = yield [count(app.keys(name)) for name in names]
    return [_info(name, numbers) for name, numbers in zip(names, seen, strict=True)]


def counts_question(app: StreamQ, queue: str) -> Question[QueueInfo]:
    """How many jobs of a queue are where; a queue that nobody used is empty."""
    (seen,) = yield [count(app.keys(queue))]
    return _info(queue, seen)


def _info(queue: str, seen: Mapping[str, int]) -> QueueInfo:
    return QueueInfo(
        queue,
        waiting=seen["waiting"],
        scheduled=seen["scheduled"],
        parked=sum(seen[name] for name in _HELD),
        running=seen["running"],
        dead=seen["dead"],
        workers=seen["workers"],
        results=seen["results"],
        oldest_seconds=_seconds(seen["oldest_ms"]),
        next_due_seconds=_seconds(seen["next_due_ms"]),
        now_ms=seen["now_ms"],
        counters={name: number for name, number in seen.items() if name not in _OTHERS},
    )


def _seconds(ms: int) -> float | None:
    return None if ms < 0 or ms > _NEVER_MS else ms / 1000

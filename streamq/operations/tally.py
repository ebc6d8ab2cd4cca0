"""What scripts counted, by task: `lua/lib/tally_count.lua` says how it is laid out.

Times are counted by powers of two: bucket 0 is what took less than 1 ms, bucket n what took from
2^(n-1) ms to less than 2^n, the last one all that took 2^27 ms (37 hours) or more.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

from streamq.operations.bind import bind, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call

KINDS = (
    "enqueued",
    "started",
    "succeeded",
    "retried",
    "dead",
    "cancelled",
    "expired",
    "reclaimed",  # runs that were lost with their worker, or with their lease
)
BUCKETS = 29
OTHERS = "(other)"  # tasks beyond the 99 that a queue counts apart
_PLACES = 100
_TIMES = 2 * (1 + BUCKETS)  # of waiting and of running: the sum, then the buckets
_COUNTS_END = _PLACES * len(KINDS) * 8
_MARK = "!"  # what is no task in `tallied` begins with it


@dataclass(slots=True)
class Times:
    """How long something took, often."""

    sum_ms: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    @property
    def count(self) -> int:
        """How often."""
        return sum(self.buckets)

    def add(self, other: Times) -> None:
        """That as well."""
        self.sum_ms += other.sum_ms
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]


@dataclass(slots=True)
class Counted:
    """Of one task."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    waited: Times = field(default_factory=Times)
    ran: Times = field(default_factory=Times)


class Span(NamedTuple):
    """What was counted in one minute (counts) or one hour (times)."""

    is_hour: bool
    begun_ms: int
    tasks: dict[int, Counted]  # by their place; see `Tally.names`


@dataclass(slots=True)
class Tally:
    """All that is counted of a queue's tasks at one instant."""

    now_ms: int
    names: dict[int, str] = field(default_factory=dict)  # place -> task
    ever: dict[int, Counted] = field(default_factory=dict)  # since the queue was made
    current: list[Span] = field(default_factory=list)  # the last minute and hour counted in

    def by_task(self) -> dict[str, Counted]:
        """Since the queue was made; `(other)` is there only if something was counted there."""
        found = {self.names.get(place, OTHERS): one for place, one in self.ever.items()}
        if OTHERS in found and not any(found[OTHERS].counts.values()):
            del found[OTHERS]
        return found


class StatsPage(NamedTuple):
    """A page of the past, oldest first."""

    now_ms: int
    tally: Tally | None  # with the first page
    cursor: str  # of the next page; empty: that was all
    spans: list[Span]


def stats(
    keys: QueueKeys, *, since_ms: int | None = None, cursor: str = "", limit: int = 200
) -> Call[StatsPage]:
    """What was counted now, and the minutes and hours since (None: none of them), in pages.

    `limit` is 1 to 200 minutes and hours; the page's `cursor` asks for the next one.
    """
    start = cursor or ("+" if since_ms is None else str(max(0, since_ms)))
    return bind(
        "stats",
        keys,
        _read_page,
        cursor=start,
        first=int(not cursor),
        limit=limit,
    )


def _read_page(reply: list[Any]) -> StatsPage:
    tally = None
    if reply[2] or reply[1]:
        pairs = reply[2]
        facts = {text(name): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)}
        tally = _read_tally(reply[0], reply[1], facts)
    rest = reply[4:]
    spans = [_read_span(text(kind), raw) for kind, raw in zip(rest[::2], rest[1::2], strict=True)]
    return StatsPage(reply[0], tally, text(reply[3]), spans)


def _read_span(kind: str, raw: bytes) -> Span:
    begun, *rest = msgpack.unpackb(raw)
    read = _times_of if kind == "h" else _counts_of
    tasks = {}
    for place, grown in zip(rest[::2], rest[1::2], strict=True):
        tasks[place] = read(dict(zip(grown[::2], grown[1::2], strict=True)))
    return Span(kind == "h", begun * (3_600_000 if kind == "h" else 60_000), tasks)


def _counts_of(numbers: Mapping[int, int]) -> Counted:
    return Counted({kind: numbers.get(at, 0) for at, kind in enumerate(KINDS)})


def _times_of(numbers: Mapping[int, int]) -> Counted:
    one = Counted()
    for times, first in ((one.waited, 0), (one.ran, 1 + BUCKETS)):
        times.sum_ms = numbers.get(first, 0)
        times.buckets = [numbers.get(first + 1 + n, 0) for n in range(BUCKETS)]
    return one


def _read_tally(now_ms: int, raw: bytes, facts: Mapping[str, bytes]) -> Tally:
    names = {int(place): task for task, place in facts.items() if task[0] != _MARK}
    tally = Tally(now_ms, names)
    minute = int(facts.get("!minute", 0))
    minutes = Span(is_hour=False, begun_ms=minute * 60_000, tasks={})
    hours = Span(is_hour=True, begun_ms=minute // 60 * 3_600_000, tasks={})
    for place in (0, *names):
        counts = _numbers(raw, place * len(KINDS) * 8, len(KINDS))
        times = _numbers(raw, _COUNTS_END + place * _TIMES * 8, _TIMES)
        tally.ever[place] = _counts_of(dict(enumerate(counts)))
        _put_times(tally.ever[place], times)
        before = _numbers(facts.get("!counts", b""), place * len(KINDS) * 8, len(KINDS))
        minutes.tasks[place] = _counts_of(_growth(before, counts))
        before = _numbers(facts.get("!times", b""), place * _TIMES * 8, _TIMES)
        hours.tasks[place] = _times_of(_growth(before, times))
    tally.current = [minutes, hours]
    return tally


def _put_times(one: Counted, numbers: Iterable[int]) -> None:
    read = _times_of(dict(enumerate(numbers)))
    one.waited, one.ran = read.waited, read.ran


def _numbers(raw: bytes, at: int, n: int) -> tuple[int, ...]:
    return struct.unpack(f">{n}q", raw[at : at + 8 * n].ljust(8 * n, b"\0"))


def _growth(before: Sequence[int], after: Sequence[int]) -> dict[int, int]:
    """As `lua/lib/tally_slot.lua` has it."""
    grown = (b if b < a else b - a for a, b in zip(before, after, strict=True))
    return dict(enumerate(grown))

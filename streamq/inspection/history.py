"""What was done in the last hours, by task: rates, and how long jobs waited and ran.

Read from what the scripts count (`lua/lib/tally_count.lua`): counts by the minute, times by the
hour, for 72 hours. No worker is asked, and a restart forgets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streamq.asking import known_queues
from streamq.operations import Counted, stats
from streamq.operations.tally import KINDS, OTHERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Span, Tally, Times

KEPT_S = 72 * 3600.0
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, in seconds; quantiles are estimates, within a factor of two."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class TaskStats:
    """One task of one queue in that time."""

    queue: str
    task: str  # `(other)`: all tasks of a queue beyond the 99 that are counted apart
    counts: Mapping[str, int]  # enqueued, started, succeeded, retried, dead, …
    waited: Took | None  # until it started; of the hours that this time touches
    ran: Took | None


@dataclass(frozen=True, slots=True)
class Stats:
    """What was done from `since` to `until`."""

    since: datetime
    until: datetime  # the server's now
    step_seconds: int  # of each number of a series
    series: Mapping[str, list[int]]  # enqueued, started, …: so many in each step, the oldest first
    tasks: list[TaskStats]  # by queue and name


def took(times: Times) -> Took | None:
    """Mean and quantiles of counted times; None of none."""
    if not (count := times.count):
        return None
    p50, p95, p99 = (quantile(times, q) for q in (0.5, 0.95, 0.99))
    return Took(count, times.sum_ms / count / 1000, p50, p95, p99)


def quantile(times: Times, q: float) -> float:
    """That quantile in seconds; inside a bucket times are taken to be spread evenly."""
    wanted, seen = q * times.count, 0
    for power, n in enumerate(times.buckets):
        if n and seen + n >= wanted:
            low, high = (1 << power) >> 1 if power else 0, 1 << power
            return (low + (high - low) * (wanted - seen) / n) / 1000
        seen += n
    return 0.0


def stats_question(
    app: StreamQ,
    *,
    since: float = 86_400.0,
    queues: list[str] | None = None,
    tasks: list[str] | None = None,
    steps: int = 60,
) -> Question[Stats]:
    """What was done in the last `since` seconds (one minute to 72 hours), by task.

    `queues` and `tasks`: only these. `steps` (1 to 1,000) is how many numbers a series has, at
    most; a step is a whole number of minutes. Raises ValueError for another span.
    """
    if not _MINUTE_MS / 1000 <= since <= KEPT_S:
        raise ValueError("since: must be 60 seconds to 72 hours: so long counts are kept")
    known = yield from known_queues(app)
    gathered = _Gathered(since, max(1, min(steps, 1000)))
    for queue in known if queues is None else queues:
        tally, spans = yield from _read(app.keys(queue), gathered)
        if tally is not None:
            gathered.add(queue, tally, spans, tasks)
    return gathered.found()


def _read(keys: QueueKeys, gathered: _Gathered) -> Question[tuple[Tally | None, list[Span]]]:
    """All of a queue since then."""
    (page,) = yield [stats(keys)]
    gathered.begin(page.now_ms)
    tally: Tally | None = page.tally
    spans: list[Span] = []
    cursor, since_ms = "", gathered.since_ms
    while tally is not None:
        (page,) = yield [stats(keys, since_ms=since_ms, cursor=cursor)]
        tally = page.tally or tally
        spans += page.spans
        cursor = page.cursor
        if not cursor:
            break
    return tally, spans


class _Gathered:
    """Sums of many queues over one time."""

    def __init__(self, since: float, steps: int) -> None:
        self._span_ms = int(since * 1000)
        minutes = -(-self._span_ms // _MINUTE_MS)
        self._step_ms = -(-minutes // steps) * _MINUTE_MS
        self._steps = -(-minutes * _MINUTE_MS // self._step_ms)
        self._now_ms = self.since_ms = 0
        self._series = {kind: [0] * self._steps for kind in KINDS}
        self._tasks: dict[tuple[str, str], Counted] = {}

    def begin(self, now_ms: int) -> None:
        """The server's clock; the first queue's counts for all."""
        if not self._now_ms:
            self._now_ms = now_ms
            end = now_ms // _MINUTE_MS * _MINUTE_MS + _MINUTE_MS
            self.since_ms = end - self._steps * self._step_ms

    def add(self, queue: str, tally: Tally, spans: list[Span], wanted: list[str] | None) -> None:
        for span in (*spans, *tally.current):
            first_ms = self._now_ms - self._span_ms - _HOUR_MS if span.is_hour else self.since_ms
            if span.begun_ms < first_ms:
                continue
            for place, one in span.tasks.items():
                task = tally.names.get(place, OTHERS)
                if not wanted or task in wanted:
                    total = self._tasks.setdefault((queue, task), Counted())
                    total.waited.add(one.waited)
                    total.ran.add(one.ran)
                    self._count(total, one, span)

    def _count(self, total: Counted, one: Counted, span: Span) -> None:
        at = min(self._steps - 1, (span.begun_ms - self.since_ms) // self._step_ms)
        for kind, n in one.counts.items():
            if n:
                total.counts[kind] += n
                self._series[kind][at] += n

    def found(self) -> Stats:
        tasks = [
            TaskStats(queue, task, one.counts, took(one.waited), took(one.ran))
            for (queue, task), one in sorted(self._tasks.items())
            if any(one.counts.values()) or one.waited.count or one.ran.count
        ]
        now = self._now_ms or int(datetime.now(UTC).timestamp() * 1000)
        since = self.since_ms or now - self._span_ms
        begin, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (since, now))
        return Stats(begin, end, self._step_ms // 1000, self._series, tasks)

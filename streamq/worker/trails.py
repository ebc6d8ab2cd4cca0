"""Sends what running jobs log and emit, all of it, before the server is told of their end.

Who reads along has everything when the result is there. Entries are numbered by run, so that a
call whose answer was lost can be sent again.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamq import operations
from streamq.errors import BrokerRefused, ResultError
from streamq.operations import CHUNKS, MOST_ENTRIES, Said
from streamq.worker.duty import Duty
from streamq.worker.weather import FATAL

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from streamq.client import Client
    from streamq.worker.held import Ended, Held
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

RHYTHM_S = 0.03  # who watches should see it come
IDLE_S = 3600.0
AT_ONCE = 200  # entries of one job in one call
SHARES, CALL_BYTES = 100, 1 << 20  # of one call: jobs and entries together, and bytes
MOST_CHUNKS, MOST_CHUNK_BYTES = 10_000, 16 << 20  # of one run
DAY_MS = 24 * 3600 * 1000


class Quota:
    """How much one run has emitted."""

    __slots__ = ("_bytes", "_chunks")

    def __init__(self) -> None:
        self._chunks = self._bytes = 0

    def take(self, size: int, job_id: str) -> None:
        """One chunk more. Raises `ResultError` where it is too many."""
        if self._chunks >= MOST_CHUNKS or self._bytes + size > MOST_CHUNK_BYTES:
            raise ResultError(
                f"job {job_id} emitted {self._chunks} chunks with {self._bytes} bytes, and no more "
                f"than {MOST_CHUNKS:,} with {MOST_CHUNK_BYTES:,} fit; emit larger chunks, or write "
                "such results to a store of their own",
                job_id=job_id,
            )
        self._chunks += 1
        self._bytes += size


@dataclass(slots=True, eq=False)
class Trail:
    """What one run says of one kind."""

    keep_ms: int
    sent: int = 0  # entries
    pending: deque[bytes] = field(default_factory=deque)
    quota: Quota = field(default_factory=Quota)

    def next(self) -> list[bytes]:
        """As much as one call takes; at least one entry, where there is one."""
        size = 0
        entries: list[bytes] = []
        for entry in list(self.pending):
            size += len(entry)
            if entries and (len(entries) == AT_ONCE or size > CALL_BYTES):
                break
            entries.append(entry)
        return entries


Due = tuple["Held", str, Trail, list[bytes]]  # a run, a kind, and what goes next


def in_short_calls(due: list[Due]) -> Iterator[list[Due]]:
    """Together as many jobs, entries and bytes as hold the server for a moment only."""
    call: list[Due] = []
    used = 0
    for one in due:
        entries = one[3]
        share = 1 + len(entries) + sum(map(len, entries)) * SHARES // CALL_BYTES
        if call and used + share > SHARES:
            yield call
            call, used = [], 0
        call.append(one)
        used += share
    if call:
        yield call


class Trails(Duty):
    """Collects what jobs say, from any thread, and passes it on."""

    def __init__(
        self,
        client: Client,
        queues: dict[str, ServedQueue],
        weather: Weather,
        loop: asyncio.AbstractEventLoop,
        *,
        pass_on: Callable[[list[Ended]], None],
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queues = queues
        self._loop = loop
        self._trails: dict[tuple[Held, str], Trail] = {}
        self._lock = threading.Lock()  # of the trails: jobs run on threads, and have their own
        self._ending: dict[Held, Ended] = {}  # jobs whose end waits for what they said
        self._is_called = False
        self._pass_on = pass_on  # the ends that need not wait any more

    def say(self, held: Held, kind: str, packed: bytes, keep_ms: int) -> None:
        """Take down an entry of a trail. Raises `ResultError` for a chunk too many."""
        with self._lock:
            trail = self._trails.get((held, kind))
            if trail is None:
                trail = self._trails[held, kind] = Trail(keep_ms)
            if kind == CHUNKS:
                trail.quota.take(len(packed), held.job.id)
            trail.pending.append(packed)
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self.alarm.set)

    def withhold(self, ended: list[Ended]) -> list[Ended]:
        """Keep back the end of jobs that said anything; returns the others."""
        if not self._trails:
            return ended
        speakers = {held for held, _ in list(self._trails)}
        free = [one for one in ended if one.held not in speakers]
        if len(free) < len(ended):
            self._ending |= {one.held: one for one in ended if one.held in speakers}
            self.alarm.set()
        return free

    @property
    def is_busy(self) -> bool:
        """Whether the end of a job is kept back."""
        return bool(self._ending)

    async def once(self) -> float:
        """Send what there is; returns seconds until there may be more."""
        self._is_called = False  # before looking: what is said from now on calls again
        ending = dict(self._ending)
        with self._lock:
            due = [
                (*where, trail, trail.next())
                for where, trail in self._trails.items()
                if trail.pending or where[0] in ending
            ]
        if not due:
            return IDLE_S
        self._is_called = True  # no alarm: it would come before its time
        for name, queue in self._queues.items():
            for kind in MOST_ENTRIES:
                here = [one for one in due if one[0].lease.queue == name and one[1] == kind]
                for some in in_short_calls(here):
                    await self._send(queue, kind, some, ending)
        self._let_go(ending)
        with self._lock:
            is_much = any(len(trail.pending) >= AT_ONCE for trail in self._trails.values())
        return 0.0 if is_much else RHYTHM_S

    async def _send(
        self,
        queue: ServedQueue,
        kind: str,
        due: list[Due],
        ending: dict[Held, Ended],
    ) -> None:
        said = [
            Said(
                held.job.id,
                held.lease.token,
                trail.sent + 1,
                trail.keep_ms if held in ending else max(trail.keep_ms, DAY_MS),
                entries,
            )
            for held, _, trail, entries in due
        ]
        try:
            words = await self._client.run_async(
                operations.append(queue.keys, trail=kind, jobs=said)
            )
        except FATAL:
            raise
        except BrokerRefused as error:  # its memory is full: the jobs' ends matter more
            log.warning("what %d jobs said is lost: %s", len(due), str(error).partition("\n")[0])
            words = ["LOST"] * len(due)
        self.weather.answered()
        with self._lock:
            for (_, _, trail, entries), word in zip(due, words, strict=True):
                gone = len(entries) if word == "OK" else len(trail.pending)
                trail.sent += gone
                for _ in range(gone):
                    trail.pending.popleft()

    def _let_go(self, ending: dict[Held, Ended]) -> None:
        """The ends of those that have nothing left to say."""
        with self._lock:
            busy = {held for (held, _), trail in self._trails.items() if trail.pending}
            free = [held for held in ending if held not in busy]
            for held in free:
                for kind in MOST_ENTRIES:
                    self._trails.pop((held, kind), None)
        if free:
            self._pass_on([self._ending.pop(held) for held in free])

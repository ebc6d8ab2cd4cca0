"""One queue as a worker serves it: what its duties tell each other."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from streamq.worker.settler import Settler

if TYPE_CHECKING:
    from streamq.keys import QueueKeys
    from streamq.worker.bell import Bell
    from streamq.worker.duty import Duty
    from streamq.worker.options import Bounds
    from streamq.worker.relayer import Relayer
    from streamq.worker.room import Kind


class ServedQueue:
    """What is known of a queue between two calls; belongs to one event loop."""

    def __init__(self, keys: QueueKeys, worker: str, kinds: set[Kind], bounds: Bounds) -> None:
        self.name = keys.queue
        self.keys = keys
        self.kinds = kinds  # where jobs of it run, as far as is known
        self.bounds = bounds
        self.settler = Settler(keys, worker, bounds)
        self.is_dry = False  # the last claim brought less than it asked for: wait for a marker
        self.has_marker = False  # one was taken off the list, and nothing was claimed for it yet
        self.claimed_at = time.monotonic()  # when a claim last brought jobs, or it began
        self.has_stranded = False  # jobs stand aside for those who name their tasks
        self.due_at: float | None = None  # monotonic; when the next scheduled job is due
        self.heard_due_at = 0.0  # monotonic; when the server last said so
        self.gate_at: float | None = None  # monotonic; when a claim may bring parked jobs
        self._gate: asyncio.TimerHandle | None = None
        self.exchange: Duty | None = None
        self.bell: Bell | None = None
        self.promoter: Duty | None = None
        self.relayer: Relayer | None = None

    def wake(self) -> None:
        """There may be something to settle, or room to claim."""
        if self.exchange is not None:
            self.exchange.alarm.set()

    def ring(self, *, marker: bool) -> None:
        """Something may be waiting: a marker came, or it is time to look."""
        self.is_dry = False
        self.has_marker = self.has_marker or marker
        self.wake()

    def sent(self) -> None:
        """Jobs for other queues may stand in the outbox."""
        if self.relayer is not None:
            self.relayer.is_wanted = True
            self.relayer.alarm.set()

    def claimed(self, *, more: bool, stranded: bool, next_due_ms: int, gate_ms: int) -> None:
        """What a claim's answer says of the queue."""
        self.has_marker = False
        # A claim that hadn't named our tasks to jobs set aside is repeated at once.
        self.is_dry = not more and not (stranded and not self.has_stranded)
        self.has_stranded = stranded
        self.next_due(next_due_ms)
        self._next_gate(gate_ms)
        if self.is_dry and self.bell is not None:
            self.bell.alarm.set()

    def _next_gate(self, in_ms: int) -> None:
        """Claim again when parked jobs may run: no marker comes for what only time lets in."""
        if self._gate is not None:
            self._gate.cancel()
            self._gate = None
        self.gate_at = None if in_ms < 0 else time.monotonic() + in_ms / 1000
        if self.gate_at is not None and self.is_dry:
            loop = asyncio.get_running_loop()
            self._gate = loop.call_at(self.gate_at, partial(self.ring, marker=False))

    def next_due(self, in_ms: int) -> None:
        """The server says when the next scheduled job is due; -1: none is."""
        now = time.monotonic()
        before, self.heard_due_at = self.due_at, now
        self.due_at = None if in_ms < 0 else now + in_ms / 1000
        sooner = self.due_at is not None and (before is None or self.due_at < before - 0.001)
        if sooner and self.promoter is not None:
            self.promoter.alarm.set()

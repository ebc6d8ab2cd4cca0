"""How many jobs a worker may hold: as many as it runs at once, and what it starts very soon.

Little's law with a short horizon: a job never waits for a round trip where jobs are short, and
a long job has no second one waiting behind it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from streamq.worker.rate import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Jobs in hand are to start within 50 ms (the hand-back's bound). Aiming at all of it would hand
# back jobs whenever one took a little longer than the last.
HOLD_S = 0.03
SUPPLY_S = 0.01  # with jobs in hand for so long there is no hurry to claim
MOST = 200  # jobs of one claim
RESPITE_S = 0.25  # after jobs were handed back, unless a place gets free sooner


class Kind(StrEnum):
    """Where a job runs."""

    LOOP = "loop"  # `async def`: on the event loop
    THREAD = "thread"  # `def`: on a thread
    PROCESS = "process"  # `pool="process"`: in a child process, plain or async

    __hash__ = str.__hash__  # an enum's own is Python, and these are keys of all that is by kind


class Slots:
    """The places of one kind: how many there are, how many jobs are held for them."""

    __slots__ = ("capacity", "held", "rate", "respite_until")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity  # jobs that run at once
        self.held = 0  # claimed, and not ended
        self.rate = Rate()
        self.respite_until = 0.0  # monotonic; more jobs of this kind would only be handed back

    def cap(self, now: float) -> int:
        """How many may be held."""
        return self.capacity + int(self.rate.per_second(now) * HOLD_S)

    def ended(self, count: int, now: float) -> None:
        """So many jobs have left their places."""
        self.held -= count
        self.rate.note(count, now)
        self.respite_until = 0.0

    def overfed(self, now: float) -> None:
        """Jobs had to be handed back: measure anew, and don't ask for them again at once."""
        self.rate.forget()
        self.respite_until = now + RESPITE_S


class Room:
    """What may still be claimed, over all queues."""

    def __init__(self, slots: Mapping[Kind, Slots]) -> None:
        self.slots = slots
        self.asked = 0  # jobs asked for by claims that are on their way
        self.is_quiet = False  # nothing more is to be claimed

    def free(self, kinds: Iterable[Kind], now: float) -> int:
        """How many jobs of these kinds may be asked for; 0 while one kind has too many."""
        if self.is_quiet:
            return 0
        total = 0
        for kind in kinds:
            slots = self.slots[kind]
            more = slots.cap(now) - slots.held
            if more < 0 or slots.respite_until > now:
                return 0  # a queue of both kinds gave too many of this one
            total += more
        return max(0, total - self.asked)

    def respite(self, kinds: Iterable[Kind], now: float) -> float:
        """Seconds until jobs of these kinds may be asked for again after a hand-back; 0: now."""
        return max(0.0, max(self.slots[kind].respite_until for kind in kinds) - now)

    def to_claim(self, kinds: Iterable[Kind], now: float) -> int:
        """How many to ask for now, 0 to 200.

        Few at a time only where a place would stand empty: else small claims would follow
        each other as fast as jobs end.
        """
        free = self.free(kinds, now)
        if free < MOST and any(self._supplied(self.slots[kind], now) for kind in kinds):
            return 0
        return min(MOST, free)

    def _supplied(self, slots: Slots, now: float) -> bool:
        waiting = slots.held + self.asked - slots.capacity
        return waiting > slots.rate.per_second(now) * SUPPLY_S

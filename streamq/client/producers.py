"""Producers: who enqueues, in the eyes of the script that must know a repeat from a new call.

As Kafka's idempotent producer: an id, and a counter for each queue that goes up by one with
each call; one call in flight per producer. The script keeps each producer's last call, so
a repeat after a lost reply is known even when a worker has finished the job meanwhile.
"""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

MAX_IDLE_S = 3600.0  # the server forgets a producer after four hours without a call
MAX_QUEUES = 256  # counters that one producer keeps


@dataclass(slots=True)
class Producer:
    """One caller at a time; used by one call, then by the next."""

    id: str = field(default_factory=lambda: _new_id())
    counters: dict[str, int] = field(default_factory=dict)  # queue -> number of its last call
    used: float = field(default_factory=time.monotonic)

    def next(self, queue: str) -> int:
        """The number of the coming call; the same again until `advance`."""
        return self.counters.get(queue, 0) + 1

    def advance(self, queue: str) -> None:
        """The call was answered: the next has the next number."""
        self.counters[queue] = self.counters.get(queue, 0) + 1

    def renew(self) -> None:
        """Become another producer: nobody knows whether the last call of this one was done."""
        self.id = _new_id()
        self.counters.clear()


class Producers:
    """The producers of this process; a forked child makes its own."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._idle: list[Producer] = []

    def lease(self) -> Producer:
        """Take one that nobody else has."""
        if self._pid != os.getpid():
            self._pid, self._idle = os.getpid(), []
        try:
            producer = self._idle.pop()
        except IndexError:
            return Producer()
        now = time.monotonic()
        if now - producer.used > MAX_IDLE_S or len(producer.counters) > MAX_QUEUES:
            producer.renew()
        producer.used = now
        return producer

    def give_back(self, producer: Producer) -> None:
        """Let the next caller have it; its last call must have been answered."""
        self._idle.append(producer)


def _new_id() -> str:
    return urlsafe_b64encode(os.urandom(9)).decode()

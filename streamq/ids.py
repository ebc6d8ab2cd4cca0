"""Job ids: opaque to users, but an id alone says its queue, its time and whether a result is kept.

    0oHq3Xa  kT3_9fQz  AAB7  .  mail~bulk
    │        │         │     │  └ the queue, ":" written "~"; names over 40 characters as
    │        │         │     │    "~" and 20 hex digits of their BLAKE2b hash
    │        │         │     └ "." the result is kept, "-" it is not
    │        │         └ a counter, base64url
    │        └ 48 random bits, drawn per process and again after a fork, base64url
    └ Unix time in ms, base62: ids sort by time

URL-safe, never longer than 64 characters, and never begins with "-".
"""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from streamq.errors import UnknownJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ID_LENGTH = 64  # characters, at most
SLUG_LENGTH = 40  # characters of a queue's name that an id holds as they are

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TIME_CHARS = 7
_MARK_AT = _TIME_CHARS + 12  # where an id says whether its result is kept
_LOW = 62**3  # ms that three characters count
_TIME_LIMIT = 62**_TIME_CHARS  # ms: the year 2081
_COUNTER_LIMIT = 64**4
_HASHED = re.compile(r":[0-9a-f]{20}")  # a name that would look like a hashed one is hashed too
_ID = re.compile(r"([0-9A-Za-z]{7})[A-Za-z0-9_-]{12}([.-])([A-Za-z0-9_.~-]{1,40})")


@dataclass(frozen=True, slots=True)
class ParsedId:
    """What an id says."""

    id: str
    time_ms: int  # Unix ms on the clock of the machine that made it
    kept: bool  # whether the job's result is kept
    slug: str  # the queue's, see `id_slug`

    @property
    def queue(self) -> str | None:
        """The queue's name, or None where the id holds only its hash: see `find_queue`."""
        name = self.slug.replace("~", ":")
        return None if _HASHED.fullmatch(name) else name

    def find_queue(self, known: Iterable[str]) -> str | None:
        """The queue's name, looked up among those that exist where the id holds a hash."""
        return self.queue or next((name for name in known if id_slug(name) == self.slug), None)


class _Slot:
    """A process's random prefix and counter; dropped after a fork or 16 million ids."""

    __slots__ = ("next", "pid", "prefix")

    def __init__(self) -> None:
        self.pid = os.getpid()
        bits = int.from_bytes(os.urandom(6), "big")
        self.prefix = "".join(_BASE64[bits >> shift & 63] for shift in range(0, 48, 6))
        self.next: Callable[[], int] = count().__next__  # one C call: safe between threads


class IdMaker:
    """Makes ids, about half a microsecond each; one per application, for all threads and forks."""

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._pairs64 = [a + b for a in _BASE64 for b in _BASE64]
        self._pairs62 = [a + b for a in _BASE62 for b in _BASE62]
        self._high = (-1, "")  # the slow four characters of the time, and what they stand for
        self._lock = threading.Lock()
        self._slot = _Slot()

    def new_id(self, queue: str, kept: bool) -> str:  # noqa: FBT001 - on the hot path
        """An id never given before, for a job of that queue."""
        return self.with_tail(id_tail(queue, kept))

    def with_tail(self, tail: str) -> str:
        """The same with what `id_tail` made, for who calls it often."""
        slot = self._slot
        number = slot.next()
        while number >= _COUNTER_LIMIT or slot.pid != os.getpid():
            slot = self._renew(slot)
            number = slot.next()
        high, low = divmod(self._now_ns() // 1_000_000, _LOW)
        cached, text = self._high
        if cached != high:
            text = encode_time(high * _LOW)[:4]
            self._high = (high, text)  # one assignment: another thread sees both or neither
        pairs = self._pairs64
        return (
            f"{text}{_BASE62[low // 3844]}{self._pairs62[low % 3844]}{slot.prefix}"
            f"{pairs[number >> 12]}{pairs[number & 4095]}{tail}"
        )

    def _renew(self, old: _Slot) -> _Slot:
        # A lock held by another thread while this process was forked would be held for ever.
        if old.pid != os.getpid():
            self._lock = threading.Lock()
        with self._lock:
            if self._slot is old:
                self._slot = _Slot()
            return self._slot


@lru_cache(maxsize=1024)
def id_tail(queue: str, kept: bool) -> str:  # noqa: FBT001 - on the hot path
    """The part of an id that is the same for a queue's jobs."""
    return ("." if kept else "-") + id_slug(queue)


def id_slug(queue: str) -> str:
    """A queue's name as ids hold it."""
    if len(queue) > SLUG_LENGTH or _HASHED.fullmatch(queue):
        from hashlib import blake2b  # noqa: PLC0415 - 3 ms, and names are seldom so long

        return "~" + blake2b(queue.encode(), digest_size=10).hexdigest()
    return queue.replace(":", "~")


def parse_id(text: object) -> ParsedId:
    """What an id says; `UnknownJob` for what streamq can't have made."""
    found = _ID.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise UnknownJob(_refusal(text), job_id=text if isinstance(text, str) else None)
    return ParsedId(found[0], decode_time(found[1]), found[2] == ".", found[3])


def id_queue_slug(job_id: str) -> str:
    """The slug of the queue that an id names; `UnknownJob` as `parse_id`."""
    return parse_id(job_id).slug


def id_time_ms(job_id: str) -> int:
    """When an id was made, Unix ms; `UnknownJob` as `parse_id`."""
    return parse_id(job_id).time_ms


def id_keeps_result(job_id: str) -> bool:
    """Whether the job's result is kept; `UnknownJob` as `parse_id`."""
    return parse_id(job_id).kept


def keeps_result(own_id: str) -> bool:
    """As `id_keeps_result`, for a worker's hot path: false for what is no id of ours."""
    return own_id[_MARK_AT : _MARK_AT + 1] == "."


def encode_time(time_ms: int) -> str:
    """Unix ms in seven base62 digits; a time out of range gives the nearest that is in it."""
    left, digits = max(0, min(time_ms, _TIME_LIMIT - 1)), ""
    for _ in range(_TIME_CHARS):
        left, digit = divmod(left, 62)
        digits = _BASE62[digit] + digits
    return digits


def decode_time(digits: str) -> int:
    """What `encode_time` wrote."""
    total = 0
    for digit in digits:
        total = total * 62 + _BASE62.index(digit)
    return total


def _refusal(text: object) -> str:
    if not isinstance(text, str):
        return f"a job id is a string, not {type(text).__name__}"
    shown = text if len(text) <= ID_LENGTH else text[:ID_LENGTH] + "…"
    return (
        f"{shown!r} is not a job id of streamq: those have 7 + 12 characters, a dot or a dash, "
        "and a queue, as in 0oHq3XakT3_9fQzAAB7.default"
    )

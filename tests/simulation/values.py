"""What stands in the keys of the server in memory: sorted sets and streams; the rest Python has."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

Entry = tuple[int, int]  # the id of an entry: milliseconds, and a number within these
FIRST: Entry = (0, 0)
LAST: Entry = (2**64 - 1, 2**64 - 1)


class Failure(Exception):
    """An error reply."""


class ZSet:
    """Members by score, then by their bytes."""

    def __init__(self) -> None:
        self.scores: dict[bytes, float] = {}
        self.order: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        return len(self.scores)

    def put(self, member: bytes, score: float) -> None:
        self.take(member)
        self.scores[member] = score
        insort(self.order, (score, member))

    def take(self, member: bytes) -> bool:
        score = self.scores.pop(member, None)
        if score is None:
            return False
        del self.order[bisect_left(self.order, (score, member))]
        return True

    def by_score(self, low: bytes, high: bytes) -> list[tuple[float, bytes]]:
        first, last = _score(low), _score(high)
        return [
            one
            for one in self.order[bisect_left(self.order, (first, b"")) :]
            if (one[0] > first or not low.startswith(b"("))
            and (one[0] < last or (one[0] == last and not high.startswith(b"(")))
        ]

    def by_lex(self, low: bytes, high: bytes) -> list[tuple[float, bytes]]:
        """As Redis has it: of use only where all scores are the same."""
        members = [member for _, member in self.order]
        start = {b"-": 0, b"+": len(members)}.get(low)
        end = {b"-": 0, b"+": len(members)}.get(high)
        if start is None:
            start = (bisect_left if low[:1] == b"[" else bisect_right)(members, low[1:])
        if end is None:
            end = (bisect_right if high[:1] == b"[" else bisect_left)(members, high[1:])
        return self.order[start:end]


def _score(text: bytes) -> float:
    text = text.removeprefix(b"(")
    return {b"-inf": -math.inf, b"+inf": math.inf}.get(text) or float(text)


def score_text(score: float) -> bytes:
    """As the server writes a score."""
    if math.isinf(score):
        return b"inf" if score > 0 else b"-inf"
    if score == int(score) and abs(score) < 1e17:
        return b"%d" % int(score)
    return f"{score:.17g}".encode()


@dataclass
class Pending:
    """An entry that a consumer has."""

    consumer: bytes
    since_ms: int
    deliveries: int = 1


@dataclass
class Group:
    """Who reads a stream together."""

    last: Entry
    pending: dict[Entry, Pending] = field(default_factory=dict)
    consumers: dict[bytes, None] = field(default_factory=dict)


class Stream:
    """Entries in their order, and the groups that read them."""

    def __init__(self) -> None:
        self.ids: list[Entry] = []
        self.fields: dict[Entry, list[bytes]] = {}
        self.last: Entry = FIRST
        self.groups: dict[bytes, Group] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, entry: Entry, fields: list[bytes]) -> None:
        self.ids.append(entry)
        self.fields[entry] = fields
        self.last = entry

    def delete(self, entry: Entry) -> bool:
        if self.fields.pop(entry, None) is None:
            return False
        del self.ids[bisect_left(self.ids, entry)]
        return True

    def cut(self, count: int) -> int:
        """The oldest so many go; less than none are none."""
        count = max(0, count)
        for entry in self.ids[:count]:
            del self.fields[entry]
        del self.ids[:count]
        return count

    def between(self, low: Entry, high: Entry) -> list[Entry]:
        return self.ids[bisect_left(self.ids, low) : bisect_right(self.ids, high)]

    def after(self, entry: Entry) -> list[Entry]:
        return self.ids[bisect_right(self.ids, entry) :]


def read_id(text: bytes, number: int = 0) -> Entry:
    """An id as in commands; the second part may be missing."""
    ms, dash, rest = text.partition(b"-")
    try:
        return int(ms), int(rest) if dash else number
    except ValueError:
        raise Failure("ERR Invalid stream ID specified as stream command argument") from None


def low_id(text: bytes) -> Entry:
    """The first entry of a range."""
    if text == b"-":
        return FIRST
    if text.startswith(b"("):
        ms, number = read_id(text[1:])
        return ms, number + 1
    return read_id(text)


def high_id(text: bytes) -> Entry:
    """The last entry of a range."""
    return LAST if text == b"+" else read_id(text, LAST[1])


def id_text(entry: Entry) -> bytes:
    return b"%d-%d" % entry


def pairs(flat: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)

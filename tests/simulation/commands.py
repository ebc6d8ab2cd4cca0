"""The commands that the scripts and the worker use, as Redis has them; nothing else of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeVar

from tests.simulation.values import Failure, Stream, ZSet, pairs, score_text

T = TypeVar("T")
WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


class Status(bytes):
    """A reply such as OK."""

    __slots__ = ()


OK = Status(b"OK")


class Keyspace:
    """The keys and what is in them; the time is somebody else's."""

    def __init__(self, clock_us: Callable[[], int]) -> None:
        self.clock_us = clock_us
        self.values: dict[bytes, Any] = {}
        self.ends: dict[bytes, int] = {}  # ms, when a key goes by itself
        self.published: list[tuple[bytes, bytes]] = []

    @property
    def now_ms(self) -> int:
        return self.clock_us() // 1000

    def get(self, key: bytes, kind: type[T]) -> T | None:
        if key in self.ends and self.ends[key] <= self.now_ms:
            self.drop(key)
        value = self.values.get(key)
        if value is not None and type(value) is not kind:
            raise Failure(WRONG_TYPE)
        return value

    def make(self, key: bytes, kind: type[T]) -> T:
        value = self.get(key, kind)
        if value is None:
            value = self.values[key] = kind()
        return value

    def drop(self, key: bytes) -> bool:
        self.ends.pop(key, None)
        return self.values.pop(key, None) is not None

    def tidy(self, key: bytes) -> None:
        """What is empty is gone, but for streams."""
        if not self.values[key] and type(self.values[key]) is not Stream:
            self.drop(key)

    # --- keys and strings -----------------------------------------------------------------------

    def time(self) -> list[bytes]:
        now = self.clock_us()
        return [b"%d" % (now // 10**6), b"%d" % (now % 10**6)]

    def exists(self, *keys: bytes) -> int:
        for key in keys:
            if key in self.ends:
                self.get(key, type(self.values[key]))
        return sum(key in self.values for key in keys)

    def type(self, key: bytes) -> Status:
        if not self.exists(key):
            return Status(b"none")
        names = {bytes: b"string", dict: b"hash", list: b"list", ZSet: b"zset", set: b"set"}
        return Status(names.get(type(self.values[key]), b"stream"))

    def delete(self, *keys: bytes) -> int:
        return sum(self.drop(key) for key in keys)

    def pexpire(self, key: bytes, ms: bytes) -> int:
        if not self.exists(key):
            return 0
        self.ends[key] = self.now_ms + int(ms)
        return 1

    def read(self, key: bytes) -> bytes | None:
        return self.get(key, bytes)

    def mget(self, *keys: bytes) -> list[bytes | None]:
        return [self.values[k] if type(self.values.get(k)) is bytes else None for k in keys]

    def set(self, key: bytes, value: bytes, *options: bytes) -> Status:
        self.drop(key)
        self.values[key] = value
        if options:
            assert options[0] == b"PX"
            self.ends[key] = self.now_ms + int(options[1])
        return OK

    def getrange(self, key: bytes, first: bytes, last: bytes) -> bytes:
        return (self.get(key, bytes) or b"")[int(first) : int(last) + 1]

    def setrange(self, key: bytes, offset: bytes, value: bytes) -> int:
        at, old = int(offset), self.get(key, bytes) or b""
        old = old.ljust(at, b"\0")
        self.values[key] = old[:at] + value + old[at + len(value) :]
        return len(self.values[key])

    def bitfield(self, key: bytes, *words: bytes) -> list[int]:
        numbers = bytearray(self.get(key, bytes) or b"")
        replies = []
        for verb, kind, place, by in zip(*[iter(words)] * 4, strict=True):
            assert (verb, kind, place[:1]) == (b"INCRBY", b"i64", b"#")
            at = 8 * int(place[1:])
            numbers.extend(bytes(max(0, at + 8 - len(numbers))))
            number = struct.unpack_from(">q", numbers, at)[0] + int(by)
            struct.pack_into(">q", numbers, at, number)
            replies.append(number)
        self.values[key] = bytes(numbers)
        return replies

    def publish(self, channel: bytes, message: bytes) -> int:
        self.published.append((channel, message))
        return 0

    # --- hashes ---------------------------------------------------------------------------------

    def hget(self, key: bytes, field: bytes) -> bytes | None:
        return (self.get(key, dict) or {}).get(field)

    def hmget(self, key: bytes, *fields: bytes) -> list[bytes | None]:
        there = self.get(key, dict) or {}
        return [there.get(field) for field in fields]

    def hgetall(self, key: bytes) -> list[bytes]:
        return [part for pair in (self.get(key, dict) or {}).items() for part in pair]

    def hvals(self, key: bytes) -> list[bytes]:
        return list((self.get(key, dict) or {}).values())

    def hscan(self, key: bytes, _cursor: bytes, *_options: bytes) -> list[Any]:
        return [b"0", self.hgetall(key)]

    def hlen(self, key: bytes) -> int:
        return len(self.get(key, dict) or {})

    def hexists(self, key: bytes, field: bytes) -> int:
        return int(field in (self.get(key, dict) or {}))

    def hset(self, key: bytes, *flat: bytes) -> int:
        there = self.make(key, dict)
        before = len(there)
        there.update(pairs(list(flat)))
        return len(there) - before

    def hsetnx(self, key: bytes, field: bytes, value: bytes) -> int:
        return 0 if self.hexists(key, field) else self.hset(key, field, value)

    def hincrby(self, key: bytes, field: bytes, by: bytes) -> int:
        there = self.make(key, dict)
        number = int(there.get(field, b"0")) + int(by)
        there[field] = b"%d" % number
        return number

    def hdel(self, key: bytes, *fields: bytes) -> int:
        there = self.get(key, dict)
        if there is None:
            return 0
        gone = sum(there.pop(field, None) is not None for field in fields)
        self.tidy(key)
        return gone

    # --- lists and sets -------------------------------------------------------------------------

    def llen(self, key: bytes) -> int:
        return len(self.get(key, list) or [])

    def lpush(self, key: bytes, *values: bytes) -> int:
        there = self.make(key, list)
        for value in values:
            there.insert(0, value)
        return len(there)

    def lpop(self, key: bytes) -> bytes | None:
        there = self.get(key, list)
        if not there:
            return None
        value: bytes = there.pop(0)
        self.tidy(key)
        return value

    def lrange(self, key: bytes, first: bytes, last: bytes) -> list[bytes]:
        return _slice(self.get(key, list) or [], int(first), int(last))

    def ltrim(self, key: bytes, first: bytes, last: bytes) -> Status:
        if (there := self.get(key, list)) is not None:
            there[:] = _slice(there, int(first), int(last))
            self.tidy(key)
        return OK

    def sadd(self, key: bytes, *members: bytes) -> int:
        there = self.make(key, set)
        before = len(there)
        there.update(members)
        return len(there) - before

    def smembers(self, key: bytes) -> list[bytes]:
        return sorted(self.get(key, set) or set())

    def sscan(self, key: bytes, _cursor: bytes, *_options: bytes) -> list[Any]:
        return [b"0", self.smembers(key)]

    # --- sorted sets ----------------------------------------------------------------------------

    def zcard(self, key: bytes) -> int:
        return len(self.get(key, ZSet) or ())

    def zscore(self, key: bytes, member: bytes) -> bytes | None:
        return self.zmscore(key, member)[0]

    def zmscore(self, key: bytes, *members: bytes) -> list[bytes | None]:
        there = self.get(key, ZSet)
        scores = [there.scores.get(member) if there else None for member in members]
        return [None if score is None else score_text(score) for score in scores]

    def zcount(self, key: bytes, low: bytes, high: bytes) -> int:
        there = self.get(key, ZSet)
        return len(there.by_score(low, high)) if there else 0

    def zlexcount(self, key: bytes, low: bytes, high: bytes) -> int:
        there = self.get(key, ZSet)
        return len(there.by_lex(low, high)) if there else 0

    def zrem(self, key: bytes, *members: bytes) -> int:
        there = self.get(key, ZSet)
        if there is None:
            return 0
        gone = sum(there.take(member) for member in members)
        self.tidy(key)
        return gone

    def zadd(self, key: bytes, *words: bytes) -> int:
        flags = set()
        while words[0] in {b"NX", b"XX", b"GT", b"LT", b"CH"}:
            flags.add(words[0])
            words = words[1:]
        there = self.make(key, ZSet)
        added = changed = 0
        for text, member in pairs(list(words)):
            score, old = float(text), there.scores.get(member)
            if old is None:
                if b"XX" not in flags:
                    there.put(member, score)
                    added += 1
                continue
            slower = (b"GT" in flags and score <= old) or (b"LT" in flags and score >= old)
            if b"NX" not in flags and not slower and score != old:
                there.put(member, score)
                changed += 1
        self.tidy(key)
        return added + changed if b"CH" in flags else added

    def zscan(self, key: bytes, _cursor: bytes, *_options: bytes) -> list[Any]:
        return [b"0", self.zrange(key, b"0", b"-1", b"WITHSCORES")]

    def zrange(self, key: bytes, first: bytes, last: bytes, *options: bytes) -> list[bytes]:
        there = self.get(key, ZSet)
        if there is None:
            return []
        if b"BYSCORE" in options:
            found = there.by_score(first, last)
        elif b"BYLEX" in options:
            found = there.by_lex(first, last)
        else:
            order = there.order[::-1] if b"REV" in options else there.order
            found = _slice(order, int(first), int(last))
        if b"LIMIT" in options:
            at = options.index(b"LIMIT")
            offset, count = int(options[at + 1]), int(options[at + 2])
            found = found[offset : offset + count if count >= 0 else None]
        if b"WITHSCORES" in options:
            return [part for score, member in found for part in (member, score_text(score))]
        return [member for _, member in found]


def _slice(items: list[T], first: int, last: int) -> list[T]:
    """As Redis counts: to the last one, which belongs to it; from the end where below 0."""
    first = max(0, first + len(items)) if first < 0 else first
    last = last + len(items) if last < 0 else last
    return items[first : max(0, last + 1)]

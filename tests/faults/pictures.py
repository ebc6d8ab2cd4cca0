"""A whole database as one value that two runs of the same thing can be compared by.

Times differ from run to run, so they are taken out of the texts and compared as numbers, with some
room; everything else must be the same to the byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import redis

from tests.lua.rig import as_plain, read_by_type

TIMES = (":tally", ":tallied", ":history")  # statistics by the minute: `counts` say what was done
_TIME = re.compile(r"(?<!\d)(\d{13,17})(?:[.-](\d+))?(?!\d)")
# How long a cancelled job had run, which the script says: longer where the call comes later.
_RAN = re.compile(r"(\bcancelled (?:<time> )?\d+ )\d+")
_MS = 10**13  # a number over this is in µs, or has a fraction in its last digits


@dataclass(frozen=True)
class Picture:
    """What stands in each key, times apart."""

    texts: tuple[str, ...]
    times_ms: tuple[float, ...]

    def differs(self, other: Picture, room_ms: float) -> str:
        """The first difference in words, empty if there is none that counts."""
        for mine, theirs in zip(self.texts, other.texts, strict=False):
            if mine != theirs:
                return f"{mine} instead of {theirs}"
        if len(self.texts) != len(other.texts):
            return f"{len(self.texts)} values instead of {len(other.texts)}"
        off = max(
            (abs(a - b) for a, b in zip(self.times_ms, other.times_ms, strict=True)), default=0
        )
        return f"a time is {off:.0f} ms off" if off > room_ms else ""


def picture(admin: redis.Redis) -> Picture:
    """Of the database that this connection has selected."""
    names = sorted(name.decode() for name in admin.scan_iter(match="*", count=10_000))
    names = [name for name in names if not name.endswith(TIMES)]
    with admin.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
        kinds = [kind.decode() for kind in pipe.execute()]
    with admin.pipeline(transaction=False) as pipe:
        for name, kind in zip(names, kinds, strict=True):
            read_by_type(pipe, name, kind)
            if name.endswith(":stream"):
                pipe.xpending_range(name, "workers", "-", "+", 1000)
        values = iter(pipe.execute(raise_on_error=False))
    rows: list[tuple[str, tuple[float, ...]]] = []
    for name, kind in zip(names, kinds, strict=True):
        rows += _rows(name, as_plain(next(values), kind))
        if name.endswith(":stream"):
            rows += _rows(f"{name} pending", _pending(next(values)))
    rows.sort()
    return Picture(tuple(text for text, _ in rows), tuple(t for _, times in rows for t in times))


def _pending(rows: object) -> list[str]:
    if not isinstance(rows, list):
        return []  # an error: there is no group
    return [f"{row['message_id'].decode()} of {row['consumer'].decode()}" for row in rows]


def _rows(name: str, value: object) -> list[tuple[str, tuple[float, ...]]]:
    if isinstance(value, dict):
        return [_row(name, member, content) for member, content in value.items()]
    if isinstance(value, list):
        return [_row(name, each) for each in value]
    return [_row(name, value)]


def _row(*parts: object) -> tuple[str, tuple[float, ...]]:
    text = " ".join(str(part) for part in parts)
    times: list[float] = []

    def take(found: re.Match[str]) -> str:
        number = float(found[1])
        while number > _MS:
            number /= 10
        times.append(number)
        return "<time>"

    return _RAN.sub(r"\1<ms>", _TIME.sub(take, text)), tuple(times)

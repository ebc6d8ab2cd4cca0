"""Values without parts that msgpack lacks: how each becomes an extension value and back.

A number in `Ext` is stored in every payload: never give one a new meaning.
"""

from __future__ import annotations

import re
import struct
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import IntEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgpack import ExtType

from streamq.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo


class Ext(IntEnum):
    """The extension types of msgpack that streamq uses."""

    MARK = 1  # first element of a list that is something else: see `marks`
    BIG_INT = 2  # two's complement, big-endian
    DECIMAL = 3  # str() of it
    UUID = 4  # 16 bytes
    DATE = 5  # ISO 8601
    TIME = 6  # fold, ISO 8601, then "@" zone key or "#" name of the fixed offset
    DATETIME = 7  # the same
    TIMEDELTA = 8  # days, seconds, microseconds


_TIMEDELTA = struct.Struct(">iii")
_CLOCK = re.compile(r"([^@#]*)([@#]?)(.*)", re.DOTALL)
_ZONE_KEY = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


@cache
def _load(module: str, name: str) -> Any:
    """A class of the standard library, loaded when first met: few payloads have one."""
    return getattr(import_module(module), name)


def _int(value: int) -> ExtType:
    return ExtType(Ext.BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _decimal(value: Any) -> ExtType:
    return ExtType(Ext.DECIMAL, str(value).encode())


def _uuid(value: Any) -> ExtType:
    return ExtType(Ext.UUID, value.bytes)


def _date(value: date) -> ExtType:
    return ExtType(Ext.DATE, value.isoformat().encode())


def _time(value: time) -> ExtType:
    return ExtType(Ext.TIME, _clock(value))


def _datetime(value: datetime) -> ExtType:
    return ExtType(Ext.DATETIME, _clock(value))


def _timedelta(value: timedelta) -> ExtType:
    return ExtType(Ext.TIMEDELTA, _TIMEDELTA.pack(value.days, value.seconds, value.microseconds))


def _clock(value: time | datetime) -> bytes:
    """The text of a time or datetime; a fixed offset of any class stays that offset.

    Raises EncodeError for a zone that is neither a ZoneInfo with a key nor a fixed offset.
    """
    zone = value.tzinfo
    if zone is None or zone is UTC:
        suffix = ""
    elif type(zone) is timezone:
        name = _own_name(zone)
        suffix = f"#{name}" if name else ""
    elif (key := _zone_key(zone)) is not None:
        value, suffix = value.replace(tzinfo=None), f"@{key}"
    else:  # pytz.utc, dateutil's tzoffset, pydantic's TzInfo, …
        offset = zone.utcoffset(None)
        if offset is None:
            kind = f"{type(zone).__module__}.{type(zone).__qualname__}"
            raise EncodeError(f"time zone of type {kind} can't be sent: use zoneinfo.ZoneInfo")
        value, suffix = value.replace(tzinfo=timezone(offset)), ""
    return f"{value.fold}{value.isoformat()}{suffix}".encode()


def _zone_key(zone: tzinfo) -> str | None:
    zoneinfo = sys.modules.get("zoneinfo")  # who has a ZoneInfo has loaded it
    if zoneinfo is None or not isinstance(zone, zoneinfo.ZoneInfo):
        return None
    key: str | None = zone.key
    return key


def _own_name(zone: timezone) -> str:
    """The name that a fixed offset was given, or nothing if it has none of its own."""
    name = zone.tzname(None) or ""
    return "" if name == timezone(zone.utcoffset(None)).tzname(None) else name


def _read_clock(cls: type[time | datetime], data: bytes) -> time | datetime:
    fold, text = int(data[:1]), data[1:].decode()
    iso, kind, rest = _CLOCK.fullmatch(text).groups()  # type: ignore[union-attr]  # matches all
    value = cls.fromisoformat(iso)
    if kind == "@":
        # ZoneInfo looks into packages for a key: nothing but a key may reach it.
        if not _ZONE_KEY.fullmatch(rest):
            raise ValueError(f"{rest!r} is no time zone")
        value = value.replace(tzinfo=_load("zoneinfo", "ZoneInfo")(rest))
    elif kind == "#" and value.tzinfo is not None:
        offset = value.tzinfo.utcoffset(None)
        value = value.replace(tzinfo=timezone(offset or timedelta(0), rest))
    return value.replace(fold=fold)


# Exact type -> its writer. Decimal and UUID by name: who has one has loaded its module.
WRITERS: dict[type, Callable[[Any], ExtType]] = {
    int: _int,  # asked for only beyond 64 bits
    date: _date,
    time: _time,
    datetime: _datetime,
    timedelta: _timedelta,
}
LATE_WRITERS: dict[tuple[str, str], Callable[[Any], ExtType]] = {
    ("decimal", "Decimal"): _decimal,
    ("uuid", "UUID"): _uuid,
}

READERS: dict[int, Callable[[bytes], Any]] = {
    Ext.BIG_INT: lambda data: int.from_bytes(data, "big", signed=True),
    Ext.DECIMAL: lambda data: _load("decimal", "Decimal")(data.decode()),
    Ext.UUID: lambda data: _load("uuid", "UUID")(bytes=data),
    Ext.DATE: lambda data: date.fromisoformat(data.decode()),
    Ext.TIME: lambda data: _read_clock(time, data),
    Ext.DATETIME: lambda data: _read_clock(datetime, data),
    Ext.TIMEDELTA: lambda data: timedelta(*_TIMEDELTA.unpack(data)),
}


def writer_of(cls: type) -> Callable[[Any], ExtType] | None:
    """The writer for instances of exactly this class, if it is a leaf of ours."""
    writer = WRITERS.get(cls)
    if writer is None:
        writer = LATE_WRITERS.get((cls.__module__, cls.__qualname__))
        # A name could be borrowed: only the real class writes as itself.
        if writer is not None and cls is not _load(cls.__module__, cls.__qualname__):
            return None
    return writer

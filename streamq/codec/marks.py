"""Containers that msgpack lacks: lists whose first element is a mark.

    tuple       [mark, a, b, …]
    set         [mark, a, b, …]            frozenset the same
    member      [mark, "module:Color", "RED"], or the int value of a Flag
    model       [mark, "module:Order", {"field": value, …}]   dataclass or pydantic
    registered  [mark, "module:Name", what encode returned]

So nothing is nested inside an extension value, and one pass over the bytes sees all.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from msgpack import ExtType

from streamq.codec.leaves import Ext
from streamq.errors import PayloadRefused

if TYPE_CHECKING:
    from collections.abc import Collection


class Kind(IntEnum):
    """What a marked list stands for; the numbers are stored in payloads."""

    TUPLE = 1
    SET = 2
    FROZENSET = 3
    MEMBER = 4
    MODEL = 5
    REGISTERED = 6


# What is packed as the first element, and what every such extension value looks like.
MARKS: dict[Kind, ExtType] = {kind: ExtType(Ext.MARK, bytes([kind])) for kind in Kind}
PREFIX = b"\xd4\x01"  # msgpack's header of a one-byte extension value of type MARK


class Mark:
    """A mark as it comes out of the reader; never part of a finished value."""

    __slots__ = ("kind",)

    def __init__(self, data: bytes) -> None:
        self.kind = Kind(int.from_bytes(data, "big"))


_MANY = 1000  # keys; fewer can't take long, however they collide


def refuse_collisions(keys: Collection[Any]) -> None:
    """Raise if very many different keys have the same hash.

    Hashes of int, Decimal, UUID and tuple can be foreseen, so a hostile payload could
    make one dict take minutes. Equal hashes are found by a set of them, in linear time.
    """
    if len(keys) > _MANY and len({hash(key) for key in keys}) < len(keys) - _MANY:
        raise PayloadRefused(f"most of {len(keys)} keys have the same hash")

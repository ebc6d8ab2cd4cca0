"""What an ended job's outcome keeps beside its value, only where there is something to keep.

Each part stands before the value: a byte that begins no value, a letter, four bytes of length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARK = 0xC1  # begins neither msgpack, nor JSON, nor UTF-8
_FACTS, _RUNS, _CALL = b"f", b"r", b"c"
_HEAD = 6  # bytes before a part


class Beside(NamedTuple):
    """The parts, and the value without them."""

    value: bytes
    parent: str = ""  # the job that enqueued it
    tags: tuple[str, ...] = ()
    kept_runs: bytes = b""  # those that ended badly, as `parse_runs` reads them
    call: bytes = b""  # its encoded call, where that is kept


def pack_beside(parent: str, tags: Sequence[str], call: bytes = b"") -> bytes:
    """What stands before a job's value; empty where it has neither parent, tags nor a kept call."""
    if not (parent or tags):
        return _part(_CALL, call) if call else b""
    facts: bytes = msgpack.packb([parent, list(tags)])
    return _part(_FACTS, facts) + (_part(_CALL, call) if call else b"")


def _part(kind: bytes, packed: bytes) -> bytes:
    return bytes([_MARK]) + kind + len(packed).to_bytes(4, "big") + packed


def read_beside(value: bytes) -> Beside:
    """Take the parts off; one that another release wrote is left out."""
    if not value or value[0] != _MARK:
        return Beside(value)
    facts: tuple[str, tuple[str, ...]] = "", ()
    runs = call = b""
    while len(value) >= _HEAD and value[0] == _MARK:
        end = _HEAD + int.from_bytes(value[2:_HEAD], "big")
        kind, part, value = value[1:2], value[_HEAD:end], value[end:]
        if kind == _RUNS:
            runs = part
        elif kind == _CALL:
            call = part
        elif kind == _FACTS:
            facts = _facts(part)
    return Beside(value, *facts, runs, call)


def _facts(packed: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        facts: Any = msgpack.unpackb(packed)
        return str(facts[0]), tuple(map(str, facts[1]))
    except (ValueError, TypeError, IndexError, KeyError, msgpack.UnpackException):
        return "", ()

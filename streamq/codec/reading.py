"""From bytes to values: limits first, then msgpack's C reader, then marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.codec import limits
from streamq.codec.leaves import READERS, Ext
from streamq.codec.marks import PREFIX, Kind, Mark, refuse_collisions
from streamq.codec.models import member_of, model_from
from streamq.errors import DecodeError, PayloadRefused

if TYPE_CHECKING:
    from streamq.codec.types import Registry, TaskTypes

_NOT_EXTENSION = bytes(set(range(256)) - {0xC7, 0xC8, 0xC9, *range(0xD4, 0xD9)})
_FIXED_EXTENSION = range(0xD4, 0xD9)
_MANY = 1000  # extension values; only with that many could their hashes be made to collide
# msgpack's own timestamps, which it reads without asking: perhaps there, worth a look.
_TIMESTAMP = re.compile(rb"[\xd6\xd7]\xff|\xc7.\xff|\xc8..\xff|\xc9....\xff", re.DOTALL)


def read(
    body: bytes, registry: Registry, task: TaskTypes | None, *, envelope: int, max_bytes: int
) -> Any:
    """The value in `body`; raises DecodeError, and nothing else, for any bytes whatever."""
    try:
        limits.check(body, envelope=envelope, max_bytes=max_bytes)
        if b"\xff" in body and _TIMESTAMP.search(body):
            _refuse_timestamps(body)
        hostile = len(body) > limits.SMALL and _extensions_at_most(body) > _MANY
        if not hostile and PREFIX not in body:
            return msgpack.unpackb(body, strict_map_key=False, ext_hook=_leaf)
        reader = _Reader(registry, task)
        value = msgpack.unpackb(
            body,
            strict_map_key=False,
            ext_hook=reader.extension,
            list_hook=reader.list,
            object_pairs_hook=_dict if hostile else None,
        )
        reader.finish()
        return value
    except DecodeError:
        raise
    except Exception as error:
        reason = str(error)[:200]
        raise DecodeError(f"damaged payload: {type(error).__name__}: {reason}") from error


def _extensions_at_most(body: bytes) -> int:
    return len(body.translate(None, _NOT_EXTENSION))


def _refuse_timestamps(body: bytes) -> None:
    for at in limits.containers(body):
        width = {0xC7: 1, 0xC8: 2, 0xC9: 4}.get(body[at], 0)
        if (width or body[at] in _FIXED_EXTENSION) and body[
            at + 1 + width : at + 2 + width
        ] == b"\xff":
            raise PayloadRefused("extension type -1 is not streamq's")


def _leaf(code: int, data: bytes) -> Any:
    reader = READERS.get(code)
    if reader is None:
        raise PayloadRefused(f"extension type {code} is not streamq's, or not at this place")
    return reader(data)


def _dict(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    refuse_collisions([key for key, _ in pairs])
    return dict(pairs)


class _Reader:
    """The hooks of one payload that holds marks; the innermost lists come first."""

    __slots__ = ("_open_marks", "_registry", "_task")

    def __init__(self, registry: Registry, task: TaskTypes | None) -> None:
        self._registry = registry
        self._task = task
        self._open_marks = 0  # seen, but not yet first in a list

    def extension(self, code: int, data: bytes) -> Any:
        if code != Ext.MARK:
            return _leaf(code, data)
        self._open_marks += 1
        return Mark(data)

    def finish(self) -> None:
        """Raise if a mark is left over: it would be part of the value."""
        if self._open_marks:
            raise DecodeError("a mark is out of its place")

    def list(self, items: list[Any]) -> Any:
        if not items or type(items[0]) is not Mark:
            return items
        self._open_marks -= 1
        kind = items[0].kind
        if kind is Kind.TUPLE:
            return tuple(items[1:])
        if kind is Kind.SET or kind is Kind.FROZENSET:
            refuse_collisions(items[1:])
            return (set if kind is Kind.SET else frozenset)(items[1:])
        _, name, parts = items
        if kind is Kind.REGISTERED:
            return self._registry.registered_as(name).decode(parts)
        cls = self._registry.class_named(name, self._task)
        return member_of(cls, parts) if kind is Kind.MEMBER else model_from(cls, parts)

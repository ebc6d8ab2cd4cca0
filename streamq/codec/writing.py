"""From values to bytes: msgpack's C packer, and what it asks about what it doesn't know."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.codec import limits
from streamq.codec.leaves import writer_of
from streamq.codec.marks import MARKS, Kind
from streamq.codec.models import is_model, member_key, parts_of
from streamq.codec.types import name_of
from streamq.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.codec.types import Registered, Registry, TaskTypes

# What the packer takes without asking although it would come back as something else.
_FOREIGN = frozenset({bytearray, memoryview, msgpack.ExtType, msgpack.Timestamp})
_CONTAINERS = frozenset({list, dict, tuple, set, frozenset})
# Only a payload with one of these bytes (binary, extension) may hold one of those.
_NOT_BINARY = bytes(set(range(256)) - {*range(0xC4, 0xCA), *range(0xD4, 0xD9)})
_TOO_DEEP = f"nested deeper than {limits.MAX_DEPTH} levels"
_REUSED = 1 << 16  # bytes; a writer that wrote more gives its buffer back


class Writer:
    """Packs one value at a time; not for two threads at once."""

    __slots__ = ("_packer", "_registry", "types")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._packer = msgpack.Packer(strict_types=True, default=self._default)
        self.types: TaskTypes | None = None  # of the task that is written for

    def write(self, value: Any, *, envelope: int, max_bytes: int) -> bytes:
        """The bytes of `value`; EncodeError says what in it can't be sent."""
        try:
            body: bytes = self._packer.pack(value)
            limits.check(body, envelope=envelope, max_bytes=max_bytes)
            if body.translate(None, _NOT_BINARY):
                _refuse_foreign([value])
        except EncodeError:
            raise
        except DecodeError as error:  # over a limit
            raise EncodeError(str(error)) from None
        except UnicodeEncodeError as error:
            lone = f"{error.object[error.start]!r} at {error.start}"
            raise EncodeError(f"text with a lone surrogate, {lone}: send it as bytes") from None
        except Exception as error:
            if type(error) is ValueError and "recursion limit" in str(error):  # msgpack's own
                raise EncodeError(f"{_TOO_DEEP}, or contains itself") from None
            raise EncodeError(f"{type(error).__name__}: {error}") from error
        return body

    def _default(self, value: Any) -> Any:
        """What the packer packs instead of a value that it doesn't know."""
        cls = type(value)
        leaf = writer_of(cls)
        if leaf is not None:
            return leaf(value)
        if cls is tuple:
            return [MARKS[Kind.TUPLE], *value]
        if cls is set or cls is frozenset:
            kind = Kind.SET if cls is set else Kind.FROZENSET
            return [MARKS[kind], *_in_order(value)]
        registered = self._registry.registered_for(cls)
        if registered is not None:
            return self._registered(registered, value)
        if isinstance(value, Enum):
            self._must_know(cls)
            return [MARKS[Kind.MEMBER], name_of(cls), member_key(value)]
        if is_model(cls):
            self._must_know(cls)
            parts = parts_of(value, self._sendable)
            _refuse_foreign([parts])
            return [MARKS[Kind.MODEL], name_of(cls), parts]
        raise EncodeError(
            f"{_a(cls)} can't be sent: send plain data,"
            f" or app.register_type({cls.__qualname__}, encode, decode)"
        )

    def _registered(self, entry: Registered, value: Any) -> list[Any]:
        try:
            plain = entry.encode(value)
        except Exception as error:
            what = f"encode function of {entry.cls.__qualname__}"
            raise EncodeError(f"{what} failed: {type(error).__name__}: {error}") from error
        _refuse_foreign([plain])
        return [MARKS[Kind.REGISTERED], name_of(entry.cls), plain]

    def _must_know(self, cls: type) -> None:
        if not self._registry.knows(cls, self.types):
            name = cls.__qualname__
            raise EncodeError(
                f"{_a(cls)} would not be known to the worker: annotate the parameter with {name},"
                f" or app.register_type({name})"
            )

    def _sendable(self, value: Any) -> bool:
        other = Writer(self._registry)
        other.types = self.types
        try:
            other.write(value, envelope=0, max_bytes=limits.MAX_BYTES)
        except EncodeError:
            return False
        return True


class Writers:
    """Writers for any number of threads: one each while it writes, kept for the next."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._free: list[Writer] = []  # list.pop and .append are atomic

    def write(self, value: Any, task: TaskTypes | None, *, envelope: int, max_bytes: int) -> bytes:
        """As `Writer.write`, for values that the given task will be handed or has returned."""
        try:
            writer = self._free.pop()
        except IndexError:
            writer = Writer(self._registry)
        writer.types = task
        body = writer.write(value, envelope=envelope, max_bytes=max_bytes)
        if len(body) <= _REUSED:
            self._free.append(writer)  # one that raised is dropped: its buffer is half full
        return body


def _a(cls: type) -> str:
    name = (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _in_order(values: Iterable[Any]) -> Iterable[Any]:
    """Sorted where they can be: equal sets are equal bytes, as idempotency keys compare them."""
    try:
        return sorted(values)
    except Exception:  # noqa: BLE001  # whatever a user's comparison raises
        return values


def _refuse_foreign(values: Iterable[Any]) -> None:
    """Raise for what msgpack would pack as bytes or an extension value of its own."""
    kinds = set(map(type, values))  # one pass in C: most lists hold only leaves
    for cls in kinds & _FOREIGN:
        hint = "send bytes" if cls in (bytearray, memoryview) else "send plain data"
        raise EncodeError(f"{_a(cls)} can't be sent: {hint}")
    if kinds.isdisjoint(_CONTAINERS):
        return
    for value in values:
        if type(value) is dict:
            _refuse_foreign(value.keys())
            _refuse_foreign(value.values())
        elif type(value) in _CONTAINERS:
            _refuse_foreign(value)

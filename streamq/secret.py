"""A value that is sent and used, and shown nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgpack

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
HIDDEN = "***"


class Secret(Generic[T]):
    """An argument that shows as `***` wherever arguments show: `login.delay(Secret("hunter2"))`.

    `reveal()` gives what is inside. It travels to the worker as it is, so it hides nothing from
    who may read the server's data.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        """Holds any value that could be an argument."""
        self._value = value

    def reveal(self) -> T:
        """The value itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and bool(self._value == other._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"

    def __str__(self) -> str:
        return HIDDEN


def without(value: Any, hidden: Sequence[str]) -> Any:
    """Texts, lists and dicts of them, without the hidden texts; encoded bytes that hold one go."""
    if isinstance(value, str):
        for text in hidden:
            value = value.replace(text, HIDDEN)
        return value
    if isinstance(value, bytes):
        return _packed(value, hidden) if any(it.encode() in value for it in hidden) else value
    if isinstance(value, list):
        return [without(it, hidden) for it in value]
    if isinstance(value, dict):
        return {name: without(it, hidden) for name, it in value.items()}
    return value


def _packed(value: bytes, hidden: Sequence[str]) -> bytes | str:
    """An encoded text stays one; of other values nothing stays."""
    try:
        inner = msgpack.unpackb(value)
    except (ValueError, msgpack.UnpackException):
        return HIDDEN
    if not (isinstance(inner, list) and len(inner) == 1 and isinstance(inner[0], str)):
        return HIDDEN
    packed: bytes = msgpack.packb([without(inner[0], hidden)])
    return packed

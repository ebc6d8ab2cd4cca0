"""A value that is sent and used, and shown nowhere."""

from __future__ import annotations

from typing import Generic, TypeVar

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

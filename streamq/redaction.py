"""Which arguments of a task are not to be shown, and everything that shows them without them.

A mark is a parameter's name or, of one that may come by position, `#` and its place as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.parameters import Kind
from streamq.secret import HIDDEN, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamq.parameters import Parameter

_LEAST = 3  # characters: shorter ones are in any text


class Redacted:
    """Stands where an argument is not shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN


REDACTED = Redacted()


def marks_of(names: Iterable[str], parameters: Sequence[Parameter], task: str) -> tuple[str, ...]:
    """The marks for these parameters; `TypeError` for a name that is none of the task's."""
    known = {one.name: place for place, one in enumerate(parameters) if one.kind.is_positional}
    others = {one.name for one in parameters if one.kind is Kind.KEYWORD_ONLY}
    takes_any = any(one.kind is Kind.VARKEYWORDS for one in parameters)
    marks: list[str] = []
    for name in names:
        if name not in known and name not in others and not takes_any:
            there = ", ".join([*known, *others]) or "none"
            raise TypeError(f"task {task}: redact={name!r} is no argument of it; there are {there}")
        marks += [name, f"#{known[name]}"] if name in known else [name]
    return tuple(marks)


def redacted(
    args: Sequence[Any], kwargs: Mapping[str, Any], marks: Iterable[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with `***` for those that are marked."""
    hidden = set(marks)
    return (
        tuple(REDACTED if f"#{at}" in hidden else it for at, it in enumerate(args)),
        {name: REDACTED if name in hidden else it for name, it in kwargs.items()},
    )


def texts_to_hide(
    args: Sequence[Any], kwargs: Mapping[str, Any], marks: Iterable[str]
) -> tuple[str, ...]:
    """What must not stand in what a failed run says of itself: the longest first."""
    hidden = set(marks)
    values = [it for at, it in enumerate(args) if f"#{at}" in hidden]
    values += [it for name, it in kwargs.items() if name in hidden]
    values += [it for it in (*args, *kwargs.values()) if isinstance(it, Secret)]
    plain = (it.reveal() if isinstance(it, Secret) else it for it in values)
    texts = {it if isinstance(it, str) else str(it) for it in plain if it is not None}
    return tuple(sorted((it for it in texts if len(it) >= _LEAST), key=len, reverse=True))

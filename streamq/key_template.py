"""Keys that name arguments of the call: `key="user:{user_id}"`, `lane="tenant-{tenant}"`.

Only whole arguments can be named: what an attribute or a format would give can change
between two releases of the caller, and then one customer has two limits.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamq.parameters import Parameter

LONGEST = 100  # bytes of a key as it is kept; longer ones end in a digest
_KEPT = 80  # bytes of them that stay readable
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED = re.compile(r"[^A-Za-z0-9_.:@/*+~!$&();?-]")
_HEX = re.compile(r"%([0-9A-F]{2})")
_PLAIN = (int, float, bool, type(None))


class KeyTemplate:
    """A text with `{argument}` in it; `{{` and `}}` are braces. Immutable, equal by its text."""

    __slots__ = ("_parts", "names", "source")

    def __init__(self, source: object, what: str) -> None:
        """Raises `TypeError` or `ValueError`; `what` begins the message."""
        if not isinstance(source, str):
            raise TypeError(f"{what}={source!r}: must be a string, as in {what}='user:{{user_id}}'")
        if not source:
            raise ValueError(f"{what}='': must not be empty; leave it out for one key for all")
        if _CONTROL.search(source):
            raise ValueError(f"{what}={source!r}: has a control character; keys are plain text")
        self.source = source
        self._parts = tuple(_parts(source, what))
        self.names = tuple(dict.fromkeys(name for name, _ in self._parts if name))

    def check(self, parameters: Sequence[Parameter], task: str, what: str) -> None:
        """Refuse what the task's calls can't fill in: `TypeError` that says what there is."""
        takes = [one.name for one in parameters if one.kind.is_single]
        for name in self.names:
            if name not in takes:
                there = f"its arguments are {', '.join(takes)}" if takes else "it has no arguments"
                raise TypeError(f"{what}={self.source!r}: {task} has no argument {name!r}; {there}")

    def text(self, values: Mapping[str, Any], what: str) -> str:
        """The key of a call whose arguments have these values, as it is kept.

        Raises `TypeError` or `ValueError` for a value that makes no key.
        """
        where = f"{what}={self.source!r}"
        return kept(
            "".join(
                value_text(values[name], where, name) if name else plain
                for name, plain in self._parts
            )
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyTemplate) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return repr(self.source)


def _parts(source: str, what: str) -> list[tuple[str, str]]:
    """(name, '') or ('', plain text), in their order."""
    parts: list[tuple[str, str]] = []
    at = 0
    for found in _PART.finditer(source):
        if plain := source[at : found.start()]:
            parts.append(("", plain))
        at = found.end()
        if found[0] in ("{{", "}}"):
            parts.append(("", found[0][0]))
        elif found[1] is None:
            raise ValueError(f"{what}={source!r}: a single {found[0]!r}; write it twice for itself")
        elif not found[1].isidentifier():
            raise ValueError(f"{what}={source!r}: {found[0]!r} {_why(found[1])}")
        else:
            parts.append((found[1], ""))
    if rest := source[at:]:
        parts.append(("", rest))
    return parts


def _why(inside: str) -> str:
    if not inside or inside.isdigit():
        return "names no argument; write its name, as in {user_id}"
    plain = re.match(r"[^\W\d]\w*", inside)
    if plain is None:
        return "must be the name of an argument alone"
    return (
        "must be the name of an argument alone; pass what is meant as an argument of its own, "
        f"or write {{{plain[0]}}}"
    )


def value_text(value: object, where: str, name: str) -> str:
    """An argument's text in a key; refuses what has none of its own, or control characters."""
    if isinstance(value, str):
        text = str.__str__(value)  # of an enum's member: its value
    elif type(value) not in _PLAIN and not _has_text(value):
        raise TypeError(
            f"{where}: argument {name!r} is {type(value).__name__}, which makes no key; "
            "pass a string or a number that says whose limit it is"
        )
    else:
        text = str(value)
    if _CONTROL.search(text):
        raise ValueError(f"{where}: argument {name!r} has a control character: {text[:40]!r}")
    return text


def _has_text(value: object) -> bool:
    """Whether it says what it is in a text of its own: a UUID does, a list or an object doesn't."""
    return type(value).__str__ is not object.__str__ and not isinstance(value, (bytes, bytearray))


def kept(text: str) -> str:
    """A key as it is kept: ASCII without spaces and commas; a long one ends in a digest of it."""
    escaped = _ESCAPED.sub(_escape, text)
    if len(escaped) <= LONGEST:
        return escaped
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{escaped[:_KEPT]}..{digest}"


def shown(key: str) -> str:
    """A kept key for people."""
    if "%" not in key:
        return key
    raw = _HEX.sub(lambda found: chr(int(found[1], 16)), key).encode("latin-1", "replace")
    return raw.decode("utf-8", "replace")


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def readers(
    parameters: Sequence[Parameter], names: Sequence[str]
) -> dict[str, Callable[[Sequence[Any], Mapping[str, Any]], Any]]:
    """How to find each named argument in a call's args and kwargs that fit the parameters."""
    found = {}
    place = 0
    for parameter in parameters:
        at = None
        if parameter.kind.is_positional:
            at, place = place, place + 1
        if parameter.name in names:
            found[parameter.name] = _reader(parameter.name, at, parameter.default)
    return found


def _reader(
    name: str, at: int | None, default: Any
) -> Callable[[Sequence[Any], Mapping[str, Any]], Any]:
    def read(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if at is not None and at < len(args):
            return args[at]
        return kwargs.get(name, default)

    return read

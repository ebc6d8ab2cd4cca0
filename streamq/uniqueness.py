"""The unique keys of a plan's jobs: what of a call makes it the same as another."""

from __future__ import annotations

import inspect
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError
from streamq.unique import Unique, check_debounce, debounced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq.codec import Codec
    from streamq.definition import Definition
    from streamq.options import TaskOptions

_PLAIN = (bool, int, float, str, bytes, type(None))


class UniqueKeys:
    """Writes the keys of a task's calls as scripts read them. Immutable; made once per plan."""

    __slots__ = ("_definition", "_signature", "_tail", "_task", "_unique", "quiet")

    def __init__(self, task: str, options: TaskOptions, definition: Definition | None) -> None:
        """Raises `TypeError` or `ValueError` for options that contradict each other."""
        told = ("debounce", "max_wait", "countdown", "eta", "unique")
        check_debounce({name: getattr(options, name) for name in told}, task)
        self._task, self._definition = task, definition
        self.quiet = options.debounce or None  # seconds
        unique = options.unique or Unique()
        self._unique = debounced(options.unique) if self.quiet else unique
        self._tail = f":{self._unique.letters}:{self._unique.on_conflict}"
        if self.quiet:
            longest = "" if options.max_wait is None else f"{round(options.max_wait * 1000)}"
            self._tail += f",d={max(1, round(self.quiet * 1000))}:{longest}"
        self._signature: inspect.Signature | None = None
        if definition is not None:
            self._signature = definition.signature
            check_by(self._unique, definition)

    @property
    def on_conflict(self) -> str:
        """What a call does that finds its key held."""
        return self._unique.on_conflict

    @property
    def due(self) -> str:
        """When a job runs whose call is the first and last; empty where others say."""
        return f"+{max(1, round(self.quiet * 1000))}" if self.quiet else ""

    def text(self, codec: Codec, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """A call's key. Raises `EncodeError` for an argument that can't be sent."""
        named = self._named(args, kwargs)
        by = self._unique.by
        told = named if by is None else {name: named[name] for name in by if name in named}
        types = self._definition.types if self._definition else None
        ordered = {name: _ordered(told[name]) for name in sorted(told)}
        written = codec.encode_call((), ordered, {}, types)
        names = "*" if by is None else ",".join(by)
        head = f"{self._task}\0{names}\0".encode()
        return f"u={blake2b(head + written, digest_size=16).hexdigest()}{self._tail}"

    def _named(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name; one that is given as its default is counts as left out."""
        if self._signature is None:
            if args:
                raise ConfigurationError(
                    f"{self._task} is unique, and its function isn't here: "
                    "send its arguments by name (kwargs=…), so that equal calls are known"
                )
            return dict(kwargs)
        bound = self._signature.bind(*args, **kwargs).arguments
        named: dict[str, Any] = {}
        for name, value in bound.items():
            parameter = self._signature.parameters[name]
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                named.update(value)
            elif not _is_default(value, parameter.default):
                named[name] = value
        return named


def check_by(unique: object, definition: Definition) -> None:
    """Refuse a key that names an argument that the task doesn't have: `TypeError`."""
    by = getattr(unique, "by", None) or ()
    parameters = definition.signature.parameters
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    single = [
        name
        for name, p in parameters.items()
        if p.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    ]
    for name in by:
        if name not in single and not open_ended:
            there = f"its arguments are {', '.join(single)}" if single else "it has no arguments"
            raise TypeError(f"Unique(by=…): {definition.name} has no argument {name!r}; {there}")


def _is_default(value: Any, default: Any) -> bool:
    return type(value) is type(default) and isinstance(value, _PLAIN) and bool(value == default)


def _ordered(value: Any) -> Any:
    """The same with plain dicts in the order of their keys: equal ones are equal bytes."""
    if type(value) is dict:
        return {key: _ordered(value[key]) for key in sorted(value, key=repr)}
    if type(value) is list:
        return [_ordered(one) for one in value]
    return tuple(map(_ordered, value)) if type(value) is tuple else value

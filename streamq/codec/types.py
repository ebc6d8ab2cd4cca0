"""Which classes a payload may name: those registered, and those a task's annotations name.

A payload names a class as "module:qualname"; only these tables are looked into, nothing
is ever imported.
"""

from __future__ import annotations

import sys
import types
import typing
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from streamq.codec.leaves import writer_of
from streamq.codec.models import is_model, is_pydantic
from streamq.errors import ConfigurationError, DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

NATIVE = (type(None), bool, int, float, str, bytes, list, dict, tuple, set, frozenset)


def name_of(cls: type) -> str:
    """How payloads name a class."""
    return f"{cls.__module__}:{cls.__qualname__}"


def is_known_kind(cls: type) -> bool:
    """Whether this is an Enum, dataclass or pydantic model: sent without an encode function."""
    return issubclass(cls, Enum) or is_model(cls)


@dataclass(frozen=True, slots=True)
class Registered:
    """A class the user registered, with both ways."""

    cls: type
    encode: Callable[[Any], Any]  # instance -> a value that can be sent
    decode: Callable[[Any], Any]  # that value -> instance


class Registry:
    """The classes of one application that every task may be given."""

    def __init__(self) -> None:
        self._plain: dict[str, type] = {}
        self._registered: dict[str, Registered] = {}
        self._by_class: dict[type, Registered] = {}

    def register(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None,
        decode: Callable[[Any], Any] | None,
    ) -> None:
        """Let `cls` be sent; a second time replaces the first."""
        if not isinstance(cls, type):
            raise ConfigurationError(f"register_type({cls!r}): not a class")
        if cls in NATIVE or writer_of(cls) is not None:
            raise ConfigurationError(f"register_type({cls.__name__}): it is sent as itself already")
        if (encode is None) is not (decode is None):
            raise ConfigurationError(f"register_type({cls.__name__}): needs encode and decode")
        if encode is None or decode is None:
            if not is_known_kind(cls):
                raise ConfigurationError(
                    f"register_type({cls.__name__}): it is no Enum, dataclass or pydantic model,"
                    f" so it needs encode and decode"
                )
            self._plain[name_of(cls)] = cls
            return
        entry = Registered(cls, encode, decode)
        self._registered[name_of(cls)] = self._by_class[cls] = entry

    def registered_for(self, cls: type) -> Registered | None:
        """The registered class that instances of `cls` are sent as: itself, or its nearest base."""
        for base in cls.__mro__:
            if (entry := self._by_class.get(base)) is not None:
                return entry
        return None

    def registered_as(self, name: str) -> Registered:
        """The registered class of this name, or DecodeError."""
        entry = self._registered.get(name)
        if entry is None:
            raise DecodeError(f"type {name!r} is not registered here: app.register_type")
        return entry

    def knows(self, cls: type, task: TaskTypes | None) -> bool:
        """Whether the decoder will know `cls`, given the same task and registrations."""
        name = name_of(cls)
        return self._plain.get(name) is cls or (task is not None and task.classes.get(name) is cls)

    def class_named(self, name: str, task: TaskTypes | None) -> type:
        """The Enum, dataclass or model of this name; DecodeError if it isn't known.

        A class that moved to another module (or was in `__main__`) is found by its
        qualname, if the task knows just one of that name.
        """
        tables = [self._plain] if task is None else [task.classes, self._plain]
        for table in tables:
            if name in table:
                return table[name]
        qualname = name.partition(":")[2]
        alike = {cls for table in tables for cls in table.values() if cls.__qualname__ == qualname}
        if len(alike) != 1:
            raise DecodeError(f"type {name!r} is not known here: annotate it or app.register_type")
        return alike.pop()


class TaskTypes:
    """The classes that one task's annotations name, found when first needed.

    Not when the task is defined: annotations may name what is defined later.
    """

    def __init__(self, func: Callable[..., Any], names: Iterable[str] = ()) -> None:
        while isinstance(func, partial):
            func = func.func
        is_function = isinstance(func, (types.FunctionType, types.MethodType))
        self._func: Any = func if is_function or isinstance(func, type) else type(func).__call__
        self.names = tuple(names)  # of its parameters, for messages

    @cached_property
    def classes(self) -> Mapping[str, type]:
        """Name to class of each Enum, dataclass and pydantic model, those in fields included."""
        found: dict[str, type] = {}
        for hint in _hints(self._func):
            _collect(hint, found)
        return found


def _collect(hint: Any, found: dict[str, type]) -> None:
    """Add the classes that an annotation names, at any depth; each class once."""
    waiting = [hint]
    while waiting:
        hint = waiting.pop()
        waiting.extend(typing.get_args(hint))
        origin = typing.get_origin(hint)
        if isinstance(origin, type):
            waiting.append(origin)
        cls = type(hint) if isinstance(hint, Enum) else hint  # Literal[Color.RED]
        if isinstance(cls, type) and found.get(name_of(cls)) is not cls and is_known_kind(cls):
            found[name_of(cls)] = cls
            waiting.extend(_field_hints(cls))


def _field_hints(cls: Any) -> Iterator[Any]:
    if is_pydantic(cls):
        for field in cls.model_fields.values():
            yield field.annotation
    elif not issubclass(cls, Enum):
        yield from _hints(cls)


def _hints(owner: Any) -> Iterator[Any]:
    """The evaluated annotations; one that can't be evaluated here hides no other."""
    try:
        yield from typing.get_type_hints(owner).values()
        return
    except Exception:  # noqa: BLE001, S110  # whatever evaluating a user's annotation raises
        pass
    bases = reversed(owner.__mro__) if isinstance(owner, type) else [owner]
    for base in bases:
        names = vars(sys.modules.get(base.__module__, types)) | getattr(base, "__globals__", {})
        for name, text in _annotations(base).items():
            lone = types.SimpleNamespace(__annotations__={name: text})
            try:
                yield from typing.get_type_hints(lone, globalns=names).values()
            except Exception:  # noqa: BLE001, S112  # a name imported for type checkers only
                continue


def _annotations(owner: Any) -> dict[str, Any]:
    if sys.version_info >= (3, 14):  # where reading them evaluates all of them
        lib: Any = import_module("annotationlib")
        return dict(lib.get_annotations(owner, format=lib.Format.FORWARDREF))
    return dict(
        vars(owner).get("__annotations__", {}) if isinstance(owner, type) else owner.__annotations__
    )

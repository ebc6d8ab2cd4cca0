"""Bytes of `failures` to exceptions: as themselves where that is safe and possible.

A class is looked up among the modules that are imported already, and its constructor isn't
run: arguments and attributes are put back as they were.
"""

from __future__ import annotations

import builtins
import sys
from typing import TYPE_CHECKING, Any

from streamq.codec import reading
from streamq.codec.types import Registry
from streamq.errors import DecodeError, RemoteError, RemoteTraceback

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_BYTES = 1 << 20  # more than `failures` ever writes
_NOTHING = Registry()  # a body's outer part names no types


def decode(body: bytes, decode_value: Callable[[bytes], Any]) -> Exception:
    """The exception, its `__cause__` the worker's traceback; DecodeError for other bytes."""
    record, text = parts_of(body)
    try:
        error = _rebuild(record, decode_value)
        following = _rebuild(record[6], decode_value) if record[6] else None
    except Exception as problem:
        raise DecodeError(f"not an exception: {type(problem).__name__}: {problem}") from problem
    if isinstance(error, RemoteError) and not error.traceback:
        error.traceback = text
    error.__cause__ = RemoteTraceback(text)
    if record[5] == "cause":
        error.__cause__.__cause__ = following
    else:
        error.__cause__.__context__ = following
    return error


def describe(body: bytes) -> RemoteError:
    """What the exception says of itself, as RemoteError; DecodeError for other bytes."""
    record, text = parts_of(body)
    try:
        return _remote(record, text)
    except Exception as problem:
        raise DecodeError(f"not an exception: {type(problem).__name__}: {problem}") from problem


def parts_of(body: bytes) -> tuple[list[Any], str]:
    """The record and the traceback of a body; DecodeError for other bytes."""
    parts = reading.read(body, _NOTHING, None, envelope=0, max_bytes=_MAX_BYTES)
    if type(parts) is list and len(parts) == 2:  # noqa: PLR2004
        record, text = parts
        if type(record) is list and type(text) is str:
            return record, text
    raise DecodeError("not an exception: [record, traceback]")


def _rebuild(record: list[Any], decode_value: Callable[[bytes], Any]) -> Exception:
    """One exception with its chain below it, or a RemoteError that says the same."""
    name, _, arguments, state, notes, link, following = record
    cls = _imported(name)
    error: Exception | None = None
    if cls is not None:
        try:
            error = _revived(
                cls,
                [_item(value, decode_value) for value in arguments],
                {str(key): _item(value, decode_value) for key, value in state.items()},
                [str(note) for note in notes],
            )
        except Exception:  # noqa: BLE001  # a class may refuse in any way it likes
            error = None
    if error is None:
        error = _remote(record, "")
    if following:
        chained = _rebuild(following, decode_value)
        if link == "cause":
            error.__cause__ = chained
        else:
            error.__context__ = chained
    return error


def _item(value: Any, decode_value: Callable[[bytes], Any]) -> Any:
    if type(value) is bytes:
        return decode_value(value)
    if type(value) is not list:
        return str(value)
    if value[0] in ("list", "tuple"):
        members = [_rebuild(record, decode_value) for record in value[1:]]
        return members if value[0] == "list" else tuple(members)
    return _rebuild(value, decode_value)


def _imported(name: str) -> type[Exception] | None:
    """The class of this name if its module is imported; read without running anything of it."""
    module_name, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module_name) or _main_as(module_name)
    for part in qualname.split("."):
        if found is None:
            return None
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _main_as(module_name: str) -> Any:
    """The program that runs here, if the worker imported its file as a module."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    path = getattr(main, "__file__", None) or ""
    stem = path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")
    return main if module_name in (getattr(spec, "name", None), stem) else None


def _revived(
    cls: type[Exception], arguments: list[Any], state: dict[str, Any], notes: list[str]
) -> Exception | None:
    """An instance as it was; the constructors of builtin classes run, nobody else's do."""
    base: Any = next(b for b in cls.__mro__ if getattr(builtins, b.__name__, None) is b)
    error: Exception = base.__new__(cls, *arguments)
    base.__init__(error, *arguments)
    for name, value in state.items():
        own = vars(base).get(name)
        if hasattr(own, "__set__"):
            own.__set__(error, value)  # kept in C: ImportError.name
        elif not callable(getattr(cls, name, None)):  # an attribute must not hide a method
            error.__dict__[name] = value
    for note in notes:
        error.add_note(note)
    return error if type(error) is cls and _can_speak(error) else None


def _can_speak(error: Exception) -> bool:
    try:
        str(error)
    except BaseException:  # noqa: BLE001  # it is a user's code, which may raise anything
        return False
    return True


def _remote(record: list[Any], text: str) -> RemoteError:
    name, message, arguments, _, notes, _, _ = record
    shown = str(name).replace(":", ".").removeprefix("builtins.")
    return RemoteError(
        shown,
        str(message),
        args_repr=[_shown(value) for value in arguments],
        notes=[str(note) for note in notes],
        traceback=text,
    )


def _shown(value: Any) -> str:
    if type(value) is bytes:
        try:
            return repr(reading.read(value, _NOTHING, None, envelope=1, max_bytes=len(value))[0])
        except Exception:  # noqa: BLE001  # it names a type, or is damaged: only shown
            return "<not readable here>"
    return str(value) if type(value) is str else f"<{len(value)} exceptions>"

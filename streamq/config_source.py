"""Settings out of a module, a class or a dict."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError
from streamq.settings import Source

if TYPE_CHECKING:
    from streamq.levels import Levels

_NO_VALUE = (ModuleType, FunctionType, BuiltinFunctionType, type)


def load(conf: Levels, source: object, namespace: str | None = None) -> None:
    """Take settings from a dict, a module, a class or an object, or from the name of one.

    A dict holds nothing but settings; among a module's names, one that is neither a setting nor
    much like one is the module's own affair. Raises `ConfigurationError`.
    """
    conf.put(Source.FILE, settings_in(conf, source, namespace))


def settings_in(conf: Levels, source: object, namespace: str | None = None) -> dict[str, Any]:
    """What `load` would put; raises `ConfigurationError` where there is no such source."""
    found = imported(source) if isinstance(source, str) else source
    given = _values(found, namespace)
    if isinstance(found, Mapping) or namespace:
        return given
    return {name: value for name, value in given.items() if _is_meant(conf, name, value)}


def imported(name: str) -> object:
    """The module, or what is in it: `celeryconfig`, `shop.settings:Config`, `shop.settings.Config`.

    Also looked for in the folder where the program was started.
    """
    module, colon, attribute = name.partition(":")
    if module.endswith(".py") or "/" in module:
        stem = Path(module).stem
        raise ConfigurationError(f"config {name!r}: give the module's name, as in {stem!r}")
    folder = str(Path.cwd())
    added = folder not in sys.path and "" not in sys.path
    if added:
        sys.path.append(folder)
    try:
        found: object = _module_or_member(module)
        return getattr(found, attribute) if colon else found
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConfigurationError(
            f"config {name!r}: {error}; it is looked for in {folder} and on Python's path"
        ) from error
    except Exception as error:
        raise ConfigurationError(
            f"config {name!r} can't be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        if added:
            sys.path.remove(folder)


def _module_or_member(name: str) -> object:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        parent, dot, member = name.rpartition(".")
        if not dot or error.name != name:
            raise
        found: object = getattr(import_module(parent), member)
        return found


def _values(source: object, namespace: str | None) -> dict[str, Any]:
    if isinstance(source, Mapping):
        named = {str(name): value for name, value in source.items()}
    else:
        names = [name for name in dir(source) if not name.startswith("_")]
        named = {name: getattr(source, name) for name in names if hasattr(source, name)}
    if not namespace:
        return named
    start = f"{namespace}_"
    return {
        name.removeprefix(start).lower(): value
        for name, value in named.items()
        if name.startswith(start)
    }


def _is_meant(conf: Levels, name: str, value: object) -> bool:
    if conf.knows(name):
        return True
    return not isinstance(value, _NO_VALUE) and conf.resembles(name)

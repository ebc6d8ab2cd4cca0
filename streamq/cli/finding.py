"""Finds the application that -A names: `module`, `module:attribute`, `path/file.py[:attribute]`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from streamq.app import StreamQ
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType

_USUAL = ("app", "celery", "application")  # where an application is looked for first
_SHOWN = 8  # names in a message
_OURS = str(Path(__file__).parents[1])


def find_application(reference: str) -> StreamQ:
    """Import the module and take the application out of it; `ConfigurationError` says why not."""
    where, attribute = _parts(reference)
    module = _import(_module_name(where))
    return _named(module, attribute) if attribute else _searched(module)


def _parts(reference: str) -> tuple[str, str]:
    where, colon, attribute = reference.rpartition(":")
    if not colon or "/" in attribute or "\\" in attribute:
        return reference, ""
    return where, attribute


def _module_name(where: str) -> str:
    """The module's dotted name, its folder importable; as the file's own tests would import it."""
    if not where.endswith(".py") and "/" not in where:
        _make_importable(Path.cwd())
        return where
    file = Path(where).expanduser().absolute()
    if file.is_dir() and (file / "__init__.py").exists():
        file = file / "__init__.py"
    if not file.is_file():
        raise ConfigurationError(f"-A {where}: there is no such file.{_near_files(file)}")
    names = [] if file.name == "__init__.py" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").exists():  # a module of a package has the package's name too
        names.insert(0, folder.name)
        folder = folder.parent
    _make_importable(folder)
    return ".".join(names)


def _make_importable(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _near_files(file: Path) -> str:
    there = [one.name for one in file.parent.glob("*.py")] if file.parent.is_dir() else []
    near = get_close_matches(file.name, there, 1)
    return f" Did you mean {near[0]}?" if near else ""


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            _refuse_missing(name, error.name)
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _refuse_missing(name: str, missing: str) -> NoReturn:
    folder = Path.cwd()
    there = sorted(
        {one.stem for one in folder.glob("*.py")}
        | {one.parent.name for one in folder.glob("*/__init__.py")}
    )
    near = get_close_matches(missing, there, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {_list(there)}"
    raise ConfigurationError(
        f"-A {name}: there is no module {missing!r} in {folder} or on Python's path.\n"
        f"In this folder {hint}"
    ) from None


def _failed(name: str, error: BaseException) -> ConfigurationError:
    """The import error's own line and file, which a traceback would hide at its end."""
    line = " ".join(str(error).split())[:400]
    text = f"-A {name}: it can't be imported: {type(error).__name__}: {line}"
    if isinstance(error, SyntaxError) and error.filename:
        where, source = f"{error.filename}, line {error.lineno}", (error.text or "").strip()
    else:
        where, source = _innermost(error)
    return ConfigurationError(f"{text}\n  at {where}" + (f": {source}" if source else ""))


def _innermost(error: BaseException) -> tuple[str, str]:
    """The last line of the user's own code; where there is none, of whoever's it is."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", _OURS)) and "importlib" not in frame.filename
    ]
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    if not own:
        return "an unknown place", ""
    return f"{own[-1].filename}, line {own[-1].lineno}", own[-1].line or ""


def _named(module: ModuleType, attribute: str) -> StreamQ:
    found: object = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise ConfigurationError(
                f"-A {module.__name__}:{attribute}: {module.__name__} has no {part!r}."
                f"{_what_there_is(module)}"
            ) from None
    if isinstance(found, StreamQ):
        return found
    raise ConfigurationError(
        f"-A {module.__name__}:{attribute}: that is {type(found).__name__}, no StreamQ application."
        f"{_what_there_is(module)}"
    )


def _searched(module: ModuleType) -> StreamQ:
    found = {name: it for name, it in vars(module).items() if isinstance(it, StreamQ)}
    for name in _USUAL:
        if name in found:
            return found[name]
    if len({id(it) for it in found.values()}) == 1:
        return next(iter(found.values()))
    if not found and (inside := _inside(module)):
        return _searched(inside)
    if found:
        raise ConfigurationError(
            f"-A {module.__name__}: it has several applications: {_list(sorted(found))}.\n"
            f"Name one: -A {module.__name__}:{min(found)}"
        )
    raise ConfigurationError(
        f"-A {module.__name__}: no application in {module.__file__ or module.__name__}."
        f"{_what_there_is(module)}"
    )


def _inside(package: ModuleType) -> ModuleType | None:
    """The module of a package where Celery's programs have their application: `proj/celery.py`."""
    name = f"{package.__name__}.celery"
    if not hasattr(package, "__path__") or importlib.util.find_spec(name) is None:
        return None
    return _import(name)


def _what_there_is(module: ModuleType) -> str:
    found = sorted(name for name, it in vars(module).items() if isinstance(it, StreamQ))
    if found:
        return f"\nApplications there: {_list(found)}."
    names = sorted(name for name in vars(module) if not name.startswith("_"))
    return (
        f"\nIt has: {_list(names)}."
        '\nAn application is made so: app = StreamQ("shop"), and named so: -A module:app'
    )


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown or "nothing"

"""`--reload`: worker processes make room for others when the application's code changes."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from importlib.util import cache_from_source, find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from streamq.worker.place import Place

log = logging.getLogger("streamq.worker")

TOGETHER_MS = 300  # changes within so long are one: an editor, or git, writes many files
SHOWN = 3  # names of changed files in a line


def check_installed() -> None:
    """Raise ConfigurationError where the library that watches files is missing."""
    if find_spec("watchfiles") is None:
        raise ConfigurationError(
            "--reload needs watchfiles, which is not installed.\nInstall: pip install "
            "'streamq[reload]'"
        )


def watched(location: str) -> list[Path]:
    """Where an application's code lies: its package or module, and the current directory."""
    found = [Path.cwd()]
    where = location.partition(":")[0]
    file = where if where.endswith(".py") else _file_of(where.partition(".")[0])
    if file:
        path = Path(file).resolve()
        found.append(path.parent if path.name == "__init__.py" else path)
    return [one for one in found if not any(one.is_relative_to(w) for w in found if w != one)]


def _file_of(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


async def reload(places: Iterable[Place], paths: list[Path], stop: asyncio.Event) -> None:
    """Have all processes replaced whenever a Python file there changes, until told to stop.

    What can't be compiled replaces nothing: the old code goes on until the next change.
    """
    from watchfiles import PythonFilter, awatch  # noqa: PLC0415 - an extra

    async for changes in awatch(
        *paths, watch_filter=PythonFilter(), stop_event=stop, debounce=TOGETHER_MS
    ):
        files = sorted({Path(path) for _, path in changes})
        if wrong := next(filter(None, map(syntax_error, files)), None):
            log.error("%s; the code from before goes on until the next change", wrong)
            continue
        log.info("%s: worker processes are replaced", said(files))
        forget_compiled(files)
        for place in places:
            place.reload()


def forget_compiled(files: Iterable[Path]) -> None:
    """Python would run what it compiled before of a file as large, written in the same second."""
    for file in files:
        with suppress(OSError):
            Path(cache_from_source(file)).unlink()


def said(files: list[Path]) -> str:
    """Which files have changed, in a few words."""
    names = []
    for file in files[:SHOWN]:
        with suppress(ValueError):
            file = file.relative_to(Path.cwd())  # noqa: PLW2901 - the shorter name
        names.append(str(file))
    more = len(files) - SHOWN
    return f"{', '.join(names)}{f' and {more} more' if more > 0 else ''} changed"


def syntax_error(file: Path) -> str:
    """What is wrong with a file that Python can't compile; empty where nothing is."""
    try:
        compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except OSError:  # removed
        return ""
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        return f"{file}{f':{line}' if line else ''} is no Python: {getattr(error, 'msg', error)}"
    return ""

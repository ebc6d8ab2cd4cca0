"""What the application opens when a worker process starts, and closes when it ends."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, contextmanager
from inspect import isasyncgenfunction
from typing import TYPE_CHECKING, Any

from streamq.errors import StreamQError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from streamq.app import StreamQ

log = logging.getLogger("streamq.worker")


@asynccontextmanager
async def lifespans(app: StreamQ) -> AsyncIterator[None]:
    """All of an application's, inside `async with`.

    What one raises before its `yield` is raised once the others are closed; what one raises
    after it is logged: there is nothing left to stop.
    """
    opened: list[Any] = []
    try:
        for function in app.runtime.hooks.lifespans:
            entered = _managed(function, app)
            try:
                await _open(entered)
            except Exception as error:
                name = getattr(function, "__qualname__", function)
                log.exception("%s (@app.lifespan) failed before its yield", name)
                raise StreamQError(f"{name} (@app.lifespan) failed: {error!r}") from error
            opened.append(entered)
        yield
    finally:
        for entered in reversed(opened):
            try:
                await _close(entered)
            except Exception:
                log.exception("a lifespan function of %s failed as it closed", app.name)


def _managed(function: Any, app: StreamQ) -> Any:
    make = asynccontextmanager if isasyncgenfunction(function) else contextmanager
    return make(function)(app)


async def _open(
    entered: AbstractAsyncContextManager[Any] | AbstractContextManager[Any],
) -> None:
    if hasattr(entered, "__aenter__"):
        await entered.__aenter__()
    else:
        entered.__enter__()


async def _close(
    entered: AbstractAsyncContextManager[Any] | AbstractContextManager[Any],
) -> None:
    if hasattr(entered, "__aexit__"):
        await entered.__aexit__(None, None, None)
    else:
        entered.__exit__(None, None, None)

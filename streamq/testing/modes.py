"""Where an application runs its jobs while a test lasts: in place, or on a test's own server."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from streamq.errors import StreamQError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamq.app import StreamQ

_SCAN = 1000  # keys that one step of the clearing looks at


@contextmanager
def eager(app: StreamQ) -> Iterator[StreamQ]:
    """Inside `with`, `.delay()` runs the job at once and in place, through real encoding.

    No server is needed. Delays are not waited for: a retry follows at once, `countdown` means
    nothing. Wins over `STREAMQ_EAGER` and the application's own setting, which hold again after.
    """
    with app.conf.flags(eager=True):
        yield app


@contextmanager
def on_server(app: StreamQ, url: str, *, namespace: str | None = None) -> Iterator[StreamQ]:
    """Inside `with`, the application's queues are on this server, wherever they are otherwise.

    By default in a namespace of their own that is emptied at the end, so tests that share a
    server don't see each other's jobs; one that is named is left as it is. Settings that belong
    to another server (`backend`, `durability`, `broker_options`) don't hold meanwhile. For one
    thread at a time, and not while the application's worker runs here.
    """
    chosen = namespace or f"test-{os.urandom(6).hex()}"
    app.runtime.restart()
    with app.conf.flags(
        broker=url, backend=None, durability=None, broker_options={}, namespace=chosen
    ):
        try:
            yield app
        finally:
            if namespace is None:
                with suppress(StreamQError):  # the test may have ended the server
                    _clear(app, chosen)
            app.runtime.restart()


def _clear(app: StreamQ, namespace: str) -> None:
    """Remove every key of a namespace that only we can have used."""
    ask = partial(app.client.command, timeout=1.0)
    cursor = b"0"
    while True:
        cursor, found = ask("SCAN", cursor, "MATCH", f"*{namespace}*", "COUNT", _SCAN)
        if found:
            ask("UNLINK", *found)
        if cursor == b"0":
            return

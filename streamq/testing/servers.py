"""A server for a test run: the embedded one, with data of its own that goes when the run ends."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamq import embedded
from streamq.embedded.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamq.embedded import EmbeddedServer

_IDLE_S = 60.0  # it ends so long after a test process that was killed
_PATIENCE_S = 10.0


@contextmanager
def private_server() -> Iterator[EmbeddedServer]:
    """A server of one's own; `.url` is its address. Ended, and its data removed, after `with`.

    It writes to disk without waiting for it, as a test's jobs needn't survive a power cut; else
    it is the embedded server, and lives for as long as this process. Raises as
    `streamq.embedded.ensure`: `EmbeddedMissing` says what to install.
    """
    folder = tempfile.mkdtemp(prefix="streamq-test-")
    try:
        server = embedded.ensure(folder, idle_seconds=_IDLE_S)
        with Wire(server.socket_path, _PATIENCE_S) as held:  # a client: so it isn't idle
            held.ask("CONFIG", "SET", "appendfsync", "no")
            yield server
    finally:
        try:
            embedded.stop(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

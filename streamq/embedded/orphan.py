"""End a server that outlived its keeper, so that there is never a second writer of its data."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.locks import Lock
from streamq.embedded.wire import shut_down

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamq.embedded.paths import Paths

_TO_GO = 2.0  # seconds in which a server that lost its keeper normally has ended


def take_server_lock(paths: Paths, socket: Path, say: Callable[[str], None]) -> Lock | None:
    """Return the server's lock, held; None if a server has it that can't be ended.

    Normally it is free, or free within moments (see leash.py). A server that still
    holds it is asked to shut down, then killed: it is one of ours, proved by that
    lock, and has confirmed nothing that isn't on the disk.
    """
    lock = Lock(paths.server_lock)
    if lock.acquire(0.02):
        return lock
    say("a server whose keeper was killed still runs; waiting for its end")
    shut_down(socket, timeout=0.5)
    if lock.acquire(_TO_GO):
        return lock
    for pid in _holders(paths.server_lock):
        say(f"process {pid} does not end; killed")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return lock if lock.acquire(_TO_GO) else None


def _holders(path: Path) -> Iterator[int]:
    """Processes of this user that hold the file open, except this one; none where /proc isn't."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(link.parts[2])
            if pid != os.getpid() and link.readlink() == path:
                yield pid

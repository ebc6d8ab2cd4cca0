"""A server dies with its keeper, however the keeper died.

A server without a keeper would never end for want of clients. So the kernel tells
it when the keeper is gone (Linux), or a shell does that waits for the end of a pipe
which only the keeper holds open (macOS). Either way it gets a SIGTERM and ends
cleanly; with `appendfsync always` there is nothing that it could lose. Whoever
comes next starts both again. The other way, taking over a server that lives on,
was not chosen: nobody but a parent is told how and when a process ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

try:
    import ctypes
except ImportError:  # some interpreters are built without; then the shell does it
    ctypes = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_WAIT_FOR_THE_END = 'read -r _; kill -TERM "$1"'


def kernel_leash() -> Callable[[], None] | None:
    """Return what a child must call before it becomes the server; None if there is no such call."""
    if sys.platform != "linux" or ctypes is None:
        return None
    keeper = os.getpid()
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: the child only calls it

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != keeper:  # it died before the call
            os._exit(1)

    return tie


class ShellLeash:
    """A shell that ends `pid` when this process is gone."""

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(  # noqa: S603 - a constant script
            ["/bin/sh", "-c", _WAIT_FOR_THE_END, "streamq-leash", str(pid)],
            stdin=subprocess.PIPE,
        )

    def release(self) -> None:
        """Take it away, before the server's process id can be used again."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin:
            self._shell.stdin.close()

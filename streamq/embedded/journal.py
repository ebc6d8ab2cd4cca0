"""The log of keeper and server, kept small, and never a reason to fail."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 1_000_000  # bytes; then the file becomes `.1` and a new one begins


class Journal:
    """Appends to a file; a full disk costs the line and nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._open()

    def say(self, text: str) -> None:
        """Write a line of the keeper's own."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        self.write(f"{now} keeper[{os.getpid()}]: {text}\n".encode())

    def write(self, data: bytes) -> None:
        """Write what the server said, as it is."""
        with contextlib.suppress(OSError):
            os.write(self._fd, data)

    def rotate(self) -> None:
        """Begin a new file if this one is full."""
        with contextlib.suppress(OSError):
            if os.fstat(self._fd).st_size > _LIMIT:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._open()

    def _open(self) -> None:
        """Open the file, also as our own stdout and stderr: a traceback belongs here too."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            fd = os.open(self._path, flags, 0o600)
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = fd
            os.dup2(fd, 1)
            os.dup2(fd, 2)

"""Processes that never outlive the test run, however it ends.

One small watchdog per test process holds the reading end of a pipe. When the test process dies,
`kill -9` included, the pipe closes and the watchdog kills what is still running and removes the
folders. Each leads a group of its own, and that is what is killed: the number of a process that
has ended may be another's by now. (`PR_SET_PDEATHSIG` would do it on Linux only, and fires when the
*thread* dies.)
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

_WATCHDOG = """
pids='' dirs=''
while read -r what value; do
  case $what in
    pid) pids="$pids $value" ;;
    gone) kept=''; for p in $pids; do [ "$p" = "$value" ] || kept="$kept $p"; done; pids=$kept ;;
    dir) dirs="$dirs $value" ;;
  esac
done
for p in $pids; do kill -9 "-$p" 2>/dev/null; done
for d in $dirs; do rm -rf "$d"; done
"""
_SOCKET_NAME_ROOM = 60  # bytes a temporary folder's path may have; a socket's path ends at 104


class Watchdog:
    """Kills what it was told to watch when this process ends; `get()` gives this process's own."""

    _mine: Watchdog | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests, not for it
            close_fds=True,
        )

    @classmethod
    def get(cls) -> Watchdog:
        with cls._lock:
            if cls._mine is None or cls._mine.owner != os.getpid():
                cls._mine = cls()
                atexit.register(cls._mine.finish)
            return cls._mine

    def tell(self, what: str, value: object) -> None:
        assert self._process.stdin is not None
        os.write(self._process.stdin.fileno(), f"{what} {value}\n".encode())

    def finish(self) -> None:
        """End now: everything still watched is killed, the folders go."""
        if self.owner != os.getpid():
            return  # a forked child inherited it
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)


def spawn(
    arguments: list[str | Path],
    *,
    output: Path,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, watched; what it prints is appended to `output`."""
    with output.open("ab") as log:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    Watchdog.get().tell("pid", process.pid)
    return process


def end(process: subprocess.Popen[bytes], *, how: int = signal.SIGKILL, timeout: float = 10) -> int:
    """Signal a process of `spawn` (a stopped one too) and wait for it; returns its exit status."""
    if process.poll() is None:
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout)
    Watchdog.get().tell("gone", process.pid)
    return process.returncode


def temporary_folder() -> Path:
    """A new folder, short enough for sockets inside, removed when the test process has ended."""
    base = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="sqt-", dir=base if len(base) < _SOCKET_NAME_ROOM else "/tmp")
    Watchdog.get().tell("dir", folder)
    return Path(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder now, also while a dying server still writes into it."""
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)

"""How things stand with an embedded server, and its end. Nothing here ever starts one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.directory import check_owner
from streamq.embedded.errors import EmbeddedUnavailable
from streamq.embedded.locks import Lock, is_held
from streamq.embedded.marker import read_marker
from streamq.embedded.orphan import take_server_lock
from streamq.embedded.paths import locate
from streamq.embedded.server import EmbeddedStatus
from streamq.embedded.state import Phase, State, read_state
from streamq.embedded.watch import KEEPER_NAME
from streamq.embedded.wire import Wire, shut_down

if TYPE_CHECKING:
    from streamq.embedded.paths import Paths

_KEEPER = "streamq.embedded.keeper"


def status(data_dir: Path | str | None = None) -> EmbeddedStatus | None:
    """Return how things stand; None if there was never a server for this directory.

    Raises EmbeddedRefused if the directory is another user's.
    """
    paths = locate(data_dir)
    if not paths.marker.exists():
        return None
    check_owner(paths)
    state = read_state(paths.state) or State()
    alive = is_held(paths.keeper_lock)
    socket = _socket(paths, state)
    clients = _clients(socket) if alive else None
    phase = state.phase if alive or state.phase is Phase.FAILED else Phase.STOPPED
    return EmbeddedStatus(
        running=clients is not None and phase is Phase.READY,
        phase=phase,
        message=state.message,
        socket_path=socket if alive else None,
        data_dir=paths.data_dir,
        pid=state.pid if alive else 0,
        keeper_pid=state.keeper_pid if alive else 0,
        version=state.version or _written_by(paths),
        clients=clients or 0,
        size_bytes=_size(paths.data_dir / "appendonlydir"),
        log_path=paths.log,
    )


def stop(data_dir: Path | str | None = None, *, wait_seconds: float = 15) -> bool:
    """End the server and its keeper cleanly; whether there was anything to end.

    Returns once both have ended. A client that is still there may start them anew.
    Raises EmbeddedUnavailable if they don't end in time.
    """
    paths = locate(data_dir)
    if sys.platform == "win32":
        return False  # nothing was ever started there
    check_owner(paths)
    if not _lives(paths):
        return False
    deadline = time.monotonic() + wait_seconds
    asked = 0
    while _lives(paths):
        state = read_state(paths.state) or State()
        if state.keeper_pid != asked:  # not yet known at its very start
            asked = state.keeper_pid
            if not _ask_keeper(state.keeper_pid, paths):
                shut_down(_socket(paths, state), timeout=2.0)  # then the keeper ends too
        _end_orphan(paths, state)
        if time.monotonic() >= deadline:
            raise EmbeddedUnavailable(
                f"The embedded server in {paths.data_dir} does not end "
                f"(keeper process {state.keeper_pid}).\nLog: {paths.log}"
            )
        time.sleep(0.01)
    return True


def _lives(paths: Paths) -> bool:
    return is_held(paths.keeper_lock) or is_held(paths.server_lock)


def _end_orphan(paths: Paths, state: State) -> None:
    """End a server whose keeper was killed, unless a new keeper is about to."""
    start = Lock(paths.start_lock)
    if start.try_acquire():
        try:
            if not is_held(paths.keeper_lock):
                lock = take_server_lock(paths, _socket(paths, state), lambda _: None)
                if lock:
                    lock.release()
        finally:
            start.release()


def _ask_keeper(pid: int, paths: Paths) -> bool:
    """Send the keeper a SIGTERM, if that process is one: its id may be of another namespace."""
    command = _command_of(pid) if pid else ""
    if _KEEPER not in command or str(paths.data_dir) not in command:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    return True


def _command_of(pid: int) -> str:
    try:
        with contextlib.suppress(FileNotFoundError):  # no /proc: macOS
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        words = ["ps", "-o", "command=", "-ww", "-p", str(pid)]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout  # noqa: S603
    except (OSError, UnicodeDecodeError):
        return ""


def _socket(paths: Paths, state: State) -> Path:
    return Path(state.socket) if state.socket else paths.near_socket


def _clients(socket: Path) -> int | None:
    """How many are connected besides the keeper and us; None if it doesn't serve."""
    try:
        with Wire(socket, timeout=2.0) as wire:
            lines = wire.ask("CLIENT", "LIST").splitlines()
    except OSError:
        return None
    if any(line.startswith("-") for line in lines):  # it still loads
        return None
    return sum(f" name={KEEPER_NAME} " not in line for line in lines) - 1


def _written_by(paths: Paths) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(read_marker(paths.marker) or "")
    return ""


def _size(folder: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(entry.stat().st_size for entry in os.scandir(folder))
    return 0

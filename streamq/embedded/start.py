"""`ensure()`: a running embedded server, whoever started it."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamq.embedded.binary import find_binary
from streamq.embedded.directory import accept, disk_full, explained, prepare
from streamq.embedded.errors import EmbeddedDiskFull, EmbeddedUnavailable
from streamq.embedded.locks import Lock, is_held
from streamq.embedded.orders import Orders
from streamq.embedded.paths import locate
from streamq.embedded.server import EmbeddedServer
from streamq.embedded.spawn import spawn_keeper
from streamq.embedded.state import Phase, State, read_state
from streamq.embedded.wire import Answer, ping

if TYPE_CHECKING:
    from streamq.embedded.paths import Paths

_POLL = 0.01  # seconds between two looks while another process starts it


def ensure(
    data_dir: Path | str | None = None, *, idle_seconds: float = 300, wait_seconds: float = 10
) -> EmbeddedServer:
    """Return the private server of a data directory, started if it doesn't run.

    `data_dir`: by default the user's own (see `paths.default_data_dir`).
    `idle_seconds`: without a client for so long, it ends; `math.inf` for never. Only
    who starts it decides. `wait_seconds`: how long to wait for it at most.

    Among any number of threads and processes at once, one starts it. A second call
    finds it in well under a millisecond. Call it again when a connection fails: the
    server may have ended, and is then started anew with all its data.

    Raises EmbeddedRefused (the directory can't be used), EmbeddedMissing (no server
    binary), EmbeddedDiskFull, EmbeddedUnavailable (not up in time, or it failed).
    """
    if sys.platform == "win32":
        find_binary()  # raises, with what to do
    deadline = time.monotonic() + wait_seconds
    paths = locate(data_dir)
    before = read_state(paths.state)
    if server := running(paths, before, wait_seconds):
        return server
    prepare(paths)
    return _Start(paths, before or State(), idle_seconds, deadline).run()


def running(paths: Paths, state: State | None, timeout: float) -> EmbeddedServer | None:
    """Return the server if it answers now (within `timeout` seconds if it is busy)."""
    if state is None or state.phase is not Phase.READY:
        return None
    if not is_held(paths.keeper_lock):
        return None  # its keeper was killed: it is about to end, and must not be relied on
    socket = Path(state.socket) if state.socket else paths.near_socket
    if ping(socket, timeout) is not Answer.PONG:
        return None
    return EmbeddedServer(
        socket_path=socket,
        data_dir=paths.data_dir,
        pid=state.pid,
        keeper_pid=state.keeper_pid,
        version=state.version,
        started_now=False,
        log_path=paths.log,
    )


@dataclass
class _Start:
    """One caller's way to a running server, as starter or as one who waits."""

    paths: Paths
    before: State  # the keeper's last word when we came
    idle_seconds: float
    deadline: float  # monotonic seconds
    token: str = ""  # of the keeper that we started, if we did

    def run(self) -> EmbeddedServer:
        lock = Lock(self.paths.start_lock)
        try:
            while (left := self.deadline - time.monotonic()) > 0:
                state = read_state(self.paths.state)
                if server := running(self.paths, state, left):
                    mine = bool(state and state.token == self.token)
                    return dataclasses.replace(server, started_now=mine)
                with explained(self.paths):
                    held = lock.try_acquire()
                self._look(state or State(), starter=held)
                time.sleep(_POLL)
        finally:
            lock.release()
        raise EmbeddedUnavailable(self._too_late())

    def _look(self, state: State, *, starter: bool) -> None:
        """Give up if its keeper did; start a keeper if there is none and it's ours to do."""
        if state.token != self.before.token and state.phase is Phase.FAILED:
            raise EmbeddedUnavailable(state.message)
        if not starter:
            return
        if is_held(self.paths.keeper_lock):
            # Alive, so its word is of now.
            state = read_state(self.paths.state) or state
            if state.phase is Phase.DISK_FULL:
                raise EmbeddedDiskFull(state.message)
            return
        # No keeper: but it may have said why it ended since we looked.
        state = read_state(self.paths.state) or state
        if state.token != self.before.token and state.phase is Phase.FAILED:
            raise EmbeddedUnavailable(state.message)
        self._spawn()

    def _spawn(self) -> None:
        binary, socket = accept(self.paths)
        token = os.urandom(8).hex()
        orders = Orders(
            data_dir=str(self.paths.data_dir),
            socket=str(socket),
            server=str(binary.path),
            version=str(binary),
            idle=str(float(self.idle_seconds)),
            token=token,
        )
        with explained(self.paths):
            if spawn_keeper(self.paths, orders, max(1.0, self.deadline - time.monotonic())):
                self.token = token

    def _too_late(self) -> str:
        state = read_state(self.paths.state) or State()
        where = f"in {self.paths.data_dir}"
        if state.phase is Phase.DISK_FULL:
            return disk_full(self.paths)
        if state.phase is Phase.LOADING:
            what = f"The embedded server {where} is still reading its data: wait, and try again."
        elif is_held(self.paths.keeper_lock):
            what = (
                f"The embedded server {where} does not answer "
                f"({state.phase}, keeper process {state.keeper_pid}).\n"
                "If it runs in another container, its socket must be shared with this one;\n"
                "if it hangs: streamq embedded stop"
            )
        else:
            what = f"The embedded server {where} did not come up in time."
        return f"{what}\nLog: {self.paths.log}"

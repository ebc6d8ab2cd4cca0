"""A worker process as its supervisor sees it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamq
from streamq.worker import frames

if TYPE_CHECKING:
    from collections.abc import Callable


LISTEN_S = 0.3  # for the last lines of a process that has ended
REST_S = 0.1  # between two looks at what it says: to wake us for each claim would cost it time
CHUNK = 1 << 16


class Child:
    """Made by `start`; has a name once it has said hello, and its claims as it tells them."""

    def __init__(self, process: subprocess.Popen[bytes], sock: socket.socket) -> None:
        self.pid = process.pid
        self.started = time.monotonic()
        self.name = ""
        self.is_dead = False
        self.leaves = ""  # why it ends by itself, once it has said so
        self.leaving = asyncio.Event()
        self.renewing = threading.Lock()  # a dead one must not be renewed
        self._process = process
        self._is_to_retire = False
        self._sock = sock
        self._claims: dict[str, dict[str, set[str]]] = {}  # by token: its jobs that run apart
        self._writer: asyncio.StreamWriter | None = None
        self._listening = asyncio.get_running_loop().create_task(self._listen())
        self._waiting = asyncio.get_running_loop().create_task(asyncio.to_thread(process.wait))

    @classmethod
    def start(cls, birth: dict[str, Any]) -> Child:
        """Start a process; `birth` is what it needs to know."""
        ours, theirs = socket.socketpair()
        package = str(Path(streamq.__file__ or "").parent.parent)
        path = os.environ.get("PYTHONPATH")
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "streamq.worker.process", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, "PYTHONPATH": f"{package}{os.pathsep}{path or ''}"},
                # Ctrl-C is for the supervisor: it knows in which order to end things.
                start_new_session=True,
            )
        ours.sendall(frames.pack({**birth, "pythonpath": path}))
        return cls(process, ours)

    async def wait(self) -> int:
        """Its exit code when it has ended, negative for a signal; all it said was heard."""
        code = await asyncio.shield(self._waiting)
        self.is_dead = True
        # A program that a job has started may hold on to the socket: no end of it comes then.
        await asyncio.wait([self._listening], timeout=LISTEN_S)
        self._listening.cancel()
        return code

    def signal(self, number: int) -> None:
        """Send a signal, if there is still someone to get it."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def is_stopped(self) -> bool:
        """Whether it doesn't run at all: stopped by a signal, or ended and not yet waited for."""
        return process_state(self.pid) in {"T", "Z", "X", ""}

    def tokens(self, queue: str) -> list[str]:
        """The claims it holds in a queue; may be asked from any thread."""
        return list(self._claims.get(queue, ()))

    def holds(self, queue: str, token: str) -> bool:
        """Whether it still holds this claim."""
        return token in self._claims.get(queue, ())

    def apart(self) -> set[str]:
        """The jobs that it had given to processes of their own: its death is not their doing."""
        return {job for claims in self._claims.values() for jobs in claims.values() for job in jobs}

    def tell(self, *words: str) -> None:
        """Send a line."""
        if self._writer is not None and not self.is_dead:
            with suppress(ConnectionError):
                self._writer.write(f"{' '.join(words)}\n".encode())

    def retire(self) -> None:
        """Have it make room for another process, as soon as it hears of it."""
        self._is_to_retire = True
        self.tell("retire")

    async def _listen(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._sock)
        if self._is_to_retire:
            self.tell("retire")
        transport: Any = self._writer.transport
        begun = b""
        with suppress(ConnectionError):
            try:
                while data := await reader.read(CHUNK):
                    *lines, begun = (begun + data).split(b"\n")
                    for line in lines:
                        self._hear(line.decode().split())
                    # Meanwhile they gather in the socket, where they outlive the process.
                    transport.pause_reading()
                    await asyncio.wait([self._waiting], timeout=REST_S)
                    transport.resume_reading()
            finally:
                self._writer.close()

    def _hear(self, words: list[str]) -> None:
        match words:
            case ["+", queue, token]:
                self._claims.setdefault(queue, {})[token] = set()
            case ["apart", queue, token, job_id]:
                self._claims.get(queue, {}).get(token, set()).add(job_id)
            case ["-", queue, token]:
                self._claims.get(queue, {}).pop(token, None)
            case ["leaves", why]:
                self.leaves = why
                self.leaving.set()
            case ["hello", name]:
                self.name = name


def process_state(pid: int) -> str:
    """One letter as in /proc: "T" stopped, "Z" ended; "" no such process, "?" nobody says."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
    return _ask_ps(pid)


def _ask_ps(pid: int, run: Callable[..., Any] = subprocess.run) -> str:
    """For systems without /proc."""
    said = run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, check=False)
    return str(said.stdout.decode()).strip()[:1] if said.returncode == 0 else ""

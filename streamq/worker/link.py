"""A worker process's line to its supervisor: what it holds goes up, what was lost comes down.

Lines of words on a socket pair. Up: `hello NAME`, `+ QUEUE TOKEN`, `- QUEUE TOKEN`,
`apart QUEUE TOKEN JOB` (it is given to a process of its own), `leaves WHY`.
Down: `renewed`, `lost QUEUE TOKEN`, `retire`. Its end means that the other side is dead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from streamq.worker.leases import SETTLING_S

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from streamq.worker.leases import LeaseBook

log = logging.getLogger("streamq.worker")


class Link:
    """The worker's end."""

    def __init__(self, sock: socket.socket, ended: Callable[[], None]) -> None:
        self._sock = sock
        self._ended = ended  # the supervisor is gone
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._book: LeaseBook | None = None
        self._retire: Callable[[], None] | None = None
        self._is_to_retire = False
        self._heard = time.monotonic()
        self.is_open = True

    async def open(self, name: str) -> None:
        """Say who we are, and hear from now on, also while there is no server to work for."""
        reader, self._writer = await asyncio.open_connection(sock=self._sock)
        self._heard = time.monotonic()
        self._reading = asyncio.get_running_loop().create_task(self._read(reader))
        self._say("hello", name)

    def serve(self, book: LeaseBook, retire: Callable[[], None]) -> None:
        """Tell of claims from now on; of lost ones, and that it is time to go, the worker hears."""
        self._book, self._retire = book, retire
        book.told = self._say
        if self._is_to_retire:
            retire()

    def leave(self, why: str) -> None:
        """Say that we end by ourselves, as soon as our jobs have ended."""
        self._say("leaves", why)

    def is_silent(self, seconds: float) -> bool:
        """Whether nobody has renewed our leases for so long; may be asked from any thread."""
        return not self.is_open or time.monotonic() - self._heard > seconds

    async def close(self) -> None:
        """See the last line sent."""
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            with suppress(ConnectionError):
                await self._writer.drain()
            self._writer.close()

    def _say(self, *words: str) -> None:
        if self._writer is not None and self.is_open:
            self._writer.write(f"{' '.join(words)}\n".encode())

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                self._hear(line.decode().split())
        self.is_open = False
        log.warning("the supervisor is gone; the worker ends in order")
        self._ended()

    def _hear(self, words: list[str]) -> None:
        match words:
            case ["renewed"]:
                self._heard = time.monotonic()
            case ["retire"]:
                self._is_to_retire = True
                if self._retire is not None:
                    self._retire()
            case ["lost", queue, token] if self._book is not None:
                loop = asyncio.get_running_loop()
                loop.call_later(SETTLING_S, self._book.lost, queue, token)

"""What the keeper looks at from time to time while the server serves."""

from __future__ import annotations

import contextlib
import enum
import time
from typing import TYPE_CHECKING

from streamq.embedded.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

KEEPER_NAME = "streamq-keeper"  # of its own connection
_PATIENCE = 2.0  # seconds for an answer; a busy server is looked at again later


class Finding(enum.Enum):
    """What a look found."""

    FINE = "fine"
    IDLE = "no client for the idle time, and the socket is taken away: nobody can come now"
    DEAF = "the socket's file is gone, so nobody can reach the server"


class Watch:
    """Counts the idle time of one server."""

    def __init__(self, socket: Path, idle_seconds: float) -> None:
        self._socket = socket
        self._aside = socket.with_name(socket.name + ".closing")
        self._idle_seconds = idle_seconds
        self._last_busy = time.monotonic()
        self._connections = ""  # ever accepted, at the last look
        self._wire: Wire | None = None

    def look(self) -> Finding:
        """Look once; takes at most a few seconds."""
        if not self._socket.exists():
            return Finding.DEAF  # a cleaner of /tmp, or a hand
        if self._busy():
            self._last_busy = time.monotonic()
        elif time.monotonic() - self._last_busy >= self._idle_seconds and self._close_the_door():
            return Finding.IDLE
        return Finding.FINE

    def close(self) -> None:
        """Give up the connection."""
        if self._wire:
            self._wire.close()
            self._wire = None

    def clear(self) -> None:
        """Remove what the server left of its socket, once it has ended."""
        for path in (self._aside, self._socket):
            with contextlib.suppress(OSError):
                path.unlink()

    def _busy(self) -> bool:
        """Whether a client is there, or was since the last look. In doubt, yes."""
        try:
            if self._wire is None:
                self._wire = Wire(self._socket, _PATIENCE)
                self._wire.ask("CLIENT", "SETNAME", KEEPER_NAME)
            info = self._wire.info("clients", "stats")
        except OSError:
            self.close()
            return True
        before, self._connections = self._connections, info.get("total_connections_received", "")
        return info.get("connected_clients") != "1" or before != self._connections

    def _close_the_door(self) -> bool:
        """Make sure that nobody comes between the last look and the end.

        With the socket renamed nobody can connect any more; who did before is seen by
        the second of two looks, since the server accepts between any two commands of
        one connection. So nobody who connected is ever thrown out for being idle; and
        who finds no socket calls `ensure()`, which waits for the end and starts anew.
        """
        self._socket.rename(self._aside)
        if not self._busy() and not self._busy():
            return True
        self._aside.rename(self._socket)
        self._last_busy = time.monotonic()
        return False

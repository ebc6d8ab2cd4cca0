"""Just enough of the protocol to ask a server how it is, without redis-py.

redis-py takes longer to import than a running server takes to be found.
"""

from __future__ import annotations

import contextlib
import enum
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class Answer(enum.Enum):
    """What came of a PING."""

    PONG = "it serves"
    LOADING = "it reads its data"
    BUSY = "it is there but did not answer in time"
    NOBODY = "nobody listens"


class WireError(OSError):
    """The server closed, refused or sent what we don't understand."""


class Wire:
    """One connection that asks simple questions, one at a time."""

    def __init__(self, path: Path | str, timeout: float) -> None:
        """Connect; `timeout` in seconds, here and for each answer. Raises OSError."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._left = b""
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; harmless when closed."""
        self._socket.close()

    def ask(self, *words: str) -> str:
        """Send a command, return its reply as text (an error's begins with `-`). Raises OSError."""
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        self._socket.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        line = self._take(b"\r\n")
        if line[:1] == "$":
            length = int(line[1:])
            while len(self._left) < length + 2:
                self._more()
            body, self._left = self._left[:length], self._left[length + 2 :]
            return body.decode(errors="replace")
        return line if line[:1] == "-" else line[1:]

    def info(self, *sections: str) -> dict[str, str]:
        """Return fields of INFO; empty while the server loads. Raises OSError."""
        lines = self.ask("INFO", *sections).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line and line[0] not in "-#")

    def _take(self, end: bytes) -> str:
        while end not in self._left:
            self._more()
        line, _, self._left = self._left.partition(end)
        return line.decode(errors="replace")

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise WireError("the server closed the connection")
        self._left += data


def ping(path: Path | str, timeout: float) -> Answer:
    """Ask once whether a server serves at this socket, within `timeout` seconds."""
    try:
        with Wire(path, timeout) as wire:
            reply = wire.ask("PING")
    except (TimeoutError, BlockingIOError):  # the latter: its queue of new connections is full
        return Answer.BUSY
    except OSError:
        return Answer.NOBODY
    if reply == "PONG":
        return Answer.PONG
    return Answer.LOADING if reply.startswith("-LOADING") else Answer.BUSY


def shut_down(path: Path | str, timeout: float) -> bool:
    """Ask the server to end cleanly; whether it was there to be asked."""
    try:
        wire = Wire(path, timeout)
    except OSError:
        return False
    with wire, contextlib.suppress(OSError):  # its answer is that it closes
        wire.ask("SHUTDOWN")
    return True

"""Where one RESP message ends, and which command a request is: all the proxy needs to know."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha1

_BULKS = b"$=!"  # length, then so many bytes
_GROUPS = b"*~>"  # count, then so many messages
_MAPS = b"%|"  # count of pairs


@dataclass(frozen=True)
class Command:
    """One request that came through the proxy."""

    number: int  # over all connections, from 1
    connection: int  # from 1
    args: tuple[bytes, ...]  # the name first, as sent

    @property
    def name(self) -> str:
        return self.args[0].decode("latin-1").upper()

    @property
    def sha(self) -> str | None:
        """Which script it runs; None for any other command."""
        if self.name == "EVALSHA":
            return self.args[1].decode()
        if self.name == "EVAL":
            return sha1(self.args[1], usedforsecurity=False).hexdigest()
        return None


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """One whole message, RESP2 or RESP3; raises IncompleteReadError at the end of the stream."""
    line = await reader.readuntil(b"\r\n")
    kind, length = line[0], line[1:-2]
    if kind in _BULKS:
        return line if length == b"-1" else line + await reader.readexactly(int(length) + 2)
    if kind in _GROUPS or kind in _MAPS:
        count = max(0, int(length)) * (2 if kind in _MAPS else 1)
        parts = [line] + [await read_message(reader) for _ in range(count)]
        if kind == ord("|"):  # an attribute stands before what it is about
            parts.append(await read_message(reader))
        return b"".join(parts)
    return line


def arguments(request: bytes) -> tuple[bytes, ...]:
    """The arguments of a request, which clients send as an array of bulk strings."""
    if not request.startswith(b"*"):
        return tuple(request.split())
    found, at = [], request.index(b"\r\n") + 2
    while at < len(request):
        end = request.index(b"\r\n", at)
        length = int(request[at + 1 : end])
        found.append(request[end + 2 : end + 2 + length])
        at = end + 2 + length + 2
    return tuple(found)

"""Replies as they arrive: a connection of redis-py's, once made, without its reader between.

A stream's reader, its waiting task and a time-out for each reply cost more than the reply.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hiredis import Reader
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import InvalidResponse

if TYPE_CHECKING:
    from collections.abc import Callable

BUFFER_BYTES = 1 << 16
_NOTHING = object()


class Replies(asyncio.BufferedProtocol):
    """Takes over a connection on which nothing is outstanding: its transport reports to this."""

    def __init__(self, connection: Any) -> None:
        self.came: Callable[[Any], None] = _ignore  # is given each reply; an error is one as well
        self.lost: Callable[[LostConnection], None] = _ignore  # is told of the end, once
        self._reader: Any = Reader(
            protocolError=InvalidResponse,
            replyError=connection._parser.parse_error,  # noqa: SLF001 - redis-py's classes of errors
            notEnoughData=_NOTHING,
        )
        self._buffer = bytearray(BUFFER_BYTES)
        self._transport: asyncio.Transport = connection._writer.transport  # noqa: SLF001 - no other way
        self._before: Any = self._transport.get_protocol()  # waits for the end, too
        self._transport.set_protocol(self)

    def send(self, data: bytes) -> None:
        """Send bytes, without a turn of the loop.

        Raises LostConnection where the end has come already, or is about to: of that only who
        listened before is told.
        """
        if self._transport.is_closing():
            raise LostConnection("the server hung up")
        self._transport.write(data)

    def has_data(self) -> bool:
        """Whether a part of a reply has come."""
        return bool(self._reader.has_data())

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio calls it so
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many have come."""
        reader = self._reader
        try:
            reader.feed(self._buffer, 0, nbytes)
            while (reply := reader.gets()) is not _NOTHING:
                self.came(reply)
        except InvalidResponse as error:  # nobody can tell what follows
            self._end(error)
            self._transport.abort()

    def pause_writing(self) -> None:
        """As the protocol before."""
        self._before.pause_writing()

    def resume_writing(self) -> None:
        """As the protocol before."""
        self._before.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """As the protocol before, and whoever waits is told."""
        self._before.connection_lost(exc)
        self._end(exc)

    def _end(self, why: Exception | None) -> None:
        lost, self.came, self.lost = self.lost, _ignore, _ignore
        error = LostConnection(str(why or "the server hung up"))
        error.__cause__ = why
        lost(error)


def _ignore(_what: Any) -> None:
    pass

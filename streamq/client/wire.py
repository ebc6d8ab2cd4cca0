"""One connection in an event loop, for calls: bytes out, so many replies back."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TooSlow

from streamq.client.connector import close
from streamq.client.replies import Replies


class Wire:
    """Takes over a connection of redis-py's; one exchange at a time."""

    __slots__ = ("_connection", "_has_surplus", "_poller", "_replies", "_transport")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._transport: asyncio.Transport = connection._writer.transport  # noqa: SLF001 - no other way
        self._replies = Replies(connection)
        self._poller: Any = None
        self._has_surplus = False  # more came than was asked for
        self._replies.came = self._come_unasked

    async def exchange(self, data: bytes, count: int, timeout: float) -> list[Any]:
        """Send bytes and read so many replies; refusals come as values.

        Raises an OSError or a redis-py error, after which the connection is to be closed.
        """
        loop, replies = asyncio.get_running_loop(), self._replies
        answered: asyncio.Future[None] = loop.create_future()
        found: list[Any] = []

        def came(reply: Any) -> None:
            found.append(reply)
            if isinstance(reply, LostConnection):  # after which redis-py hangs up, as LOADING
                lost(reply)
            elif len(found) == count:
                replies.came = self._come_unasked
                if not answered.done():
                    answered.set_result(None)

        def lost(error: Exception) -> None:
            if not answered.done():
                answered.set_exception(error)

        replies.send(data)
        replies.came, replies.lost = came, lost
        too_slow = loop.call_later(timeout, lost, TooSlow("Timeout reading from socket"))
        try:
            await answered
        finally:
            too_slow.cancel()
        return found

    def is_stale(self) -> bool:
        """Whether the server closed it while idle, or there are bytes that nobody asked for."""
        if self._transport.is_closing() or self._has_surplus or self._replies.has_data():
            return True
        # The loop may not have looked at the socket since: ask the system.
        if self._poller is None:
            sock = self._transport.get_extra_info("socket")
            if sock is None or not hasattr(select, "poll"):
                return False
            self._poller = select.poll()
            self._poller.register(sock.fileno(), select.POLLIN)
        return bool(self._poller.poll(0))

    async def close(self) -> None:
        """Close it; who is not done with it has lost it."""
        await close(self._connection)

    def _come_unasked(self, _reply: Any) -> None:
        self._has_surplus = True

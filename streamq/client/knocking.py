"""New connections of one loop: while the server is away, one knocks and the others listen.

A worker has a dozen duties with calls of their own. A server that hangs takes all connections and
answers none: were each to try by itself, it would find hundreds of them left when it wakes up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TooSlow

if TYPE_CHECKING:
    from streamq.client.connector import Connector
    from streamq.client.steps import Node


class Knocking:
    """The attempts of one loop."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self._under_way: dict[Node, asyncio.Future[Exception | None]] = {}  # what came of it

    async def connect(self, node: Node, timeout: float, *, is_well: bool) -> Any:
        """Open a connection; `is_well`: the server answers as far as is known.

        Raises an OSError or a redis-py error: its own, or what became of the attempt under way.
        """
        if (knock := self._under_way.get(node)) is not None:
            done, _ = await asyncio.wait((knock,), timeout=timeout)
            if not done:
                raise TooSlow("Timeout connecting to server")
            if (error := knock.result()) is not None:
                raise error
        elif not is_well:
            return await self._knock(node, timeout)
        return await self.connector.connect_async(node, timeout)

    async def _knock(self, node: Node, timeout: float) -> Any:
        knock = self._under_way[node] = asyncio.get_running_loop().create_future()
        error: Exception | None = None
        try:
            return await self.connector.connect_async(node, timeout)
        except (RedisError, OSError) as failure:
            error = failure
            raise
        finally:
            del self._under_way[node]
            knock.set_result(error)

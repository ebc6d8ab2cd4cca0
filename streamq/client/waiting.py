"""Sleeping until a queue has something: a blocking pop, on a connection of its own.

A call may be sent along, behind the pop: the server runs it the moment the pop ends, which saves
the round trip after it. A wait never raises for an ordinary outage: it says "look again".
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from hiredis import pack_command
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from streamq.client.classify import Verdict, classify, root
from streamq.client.connector import close
from streamq.client.conversation import GaveUp, Patience
from streamq.client.message import Message
from streamq.client.replies import Replies
from streamq.client.trouble import explain
from streamq.errors import BrokerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.client.engine import Engine
    from streamq.operations.call import Call

READ_MARGIN_S = 2.0  # the server answers that nothing came; later than this, the line is dead
CONNECT_S = 5.0
SHORTEST_S = 0.01  # BLPOP takes 0 for "for ever"


class Woken(NamedTuple):
    """How a wait ended; with neither, it is time to look."""

    marker: bool  # one was taken off the list
    answer: Any = None  # to the call that was sent along; None: nobody knows whether it was done


class AsyncWaiter:
    """Waits for a marker on one list, in one loop; one wait at a time."""

    def __init__(self, engine: Engine, key: str) -> None:
        self._engine = engine
        self._key = key
        self._connection: Any = None
        self._replies: Replies | None = None  # of the connection
        self._call: Call[Any] | None = None  # sent along
        self.heard: Callable[[Any], None] | None = None  # is given the answer to it, at once
        self.is_asleep = False  # the pop was sent
        self._was_lost = False  # the connection: markers may have been missed
        self._closed = False

    async def wait(self, timeout: float, call: Call[Any] | None = None) -> Woken:
        """Take a marker off the list, for `timeout` seconds at most, then run `call`.

        Nothing is woken where the time has passed, `close` was called, or the connection had to
        be made anew. Cancelled, it may lose a marker. Raises BrokerRefused for a missing right or
        a wrong password.
        """
        (await self._engine.asynchronous.transport()).others.add(self)
        patience = Patience(timeout)
        self._call = None
        while not self._closed:
            try:
                await self._connect()
                if self._was_lost:
                    self._was_lost = False
                    break
                return await self._ask(max(SHORTEST_S, patience.left), call)
            except (RedisError, OSError, BrokerUnavailable) as error:
                await self._hang_up()
                self._was_lost = True
                self._engine.connector.losses += 1
                if not await self._pause(error, patience):
                    break
            except BaseException:
                await self._hang_up()
                raise
        return Woken(marker=False)

    def send_along(self, call: Call[Any]) -> None:
        """Have this call run as well when the pop that was sent ends; one at most, while asleep."""
        if self._replies is not None:
            self._call = call
            with suppress(LostConnection):  # the wait has heard of that
                self._replies.send(Message.of(call).pack(0))

    def close(self) -> None:
        """End the wait at once, and for good."""
        self._closed = True
        writer = self._connection and self._connection._writer  # noqa: SLF001 - to end its reading
        if writer is not None:
            writer.transport.abort()

    async def aclose(self) -> None:
        """Close, and see the connection closed."""
        self.close()
        await self._hang_up()
        (await self._engine.asynchronous.transport()).others.discard(self)

    async def _ask(self, timeout: float, call: Call[Any] | None) -> Woken:
        pop: tuple[Any, ...] = (b"BLPOP", self._key, timeout)
        data = pack_command(pop)
        if call is not None:
            data += Message.of(call).pack(timeout)
        replies = self._replies
        assert replies is not None  # noqa: S101 - there is a connection
        woken: asyncio.Future[Woken] = asyncio.get_running_loop().create_future()
        replies.send(data)
        replies.came, replies.lost = partial(self._came, woken, []), partial(_fail, woken)
        self._call, self.is_asleep = call, True
        try:
            async with asyncio.timeout(timeout + READ_MARGIN_S):
                return await woken
        finally:
            self.is_asleep = False

    def _came(self, woken: asyncio.Future[Woken], before: list[Any], reply: Any) -> None:
        """A reply has come: the pop's, or after it the one to the call that was sent along."""
        self.is_asleep = False
        if isinstance(reply, Exception):
            _fail(woken, reply)
        elif self._call is not None and not before:
            before.append(reply)
        elif not woken.done():  # else nobody waits any more
            try:
                if self._call is None:
                    woken.set_result(Woken(reply is not None))
                    return
                answer = self._call.read(reply)
                if self.heard is not None:
                    self.heard(answer)
            except BaseException as error:  # noqa: BLE001 - for who waits, not for the transport
                _fail(woken, error)
            else:
                woken.set_result(Woken(before[0] is not None, answer))

    async def _connect(self) -> None:
        if self._connection is not None:
            return
        node = None
        talk = self._engine.talk
        if talk.router.is_cluster:
            # An ordinary command for this slot finds its node, and learns of a move.
            patience = Patience(CONNECT_S)
            question = talk.command((b"LLEN", self._key), self._key, patience)
            await self._engine.drive_async(question, patience)
            node = talk.router.node_of(self._key)
        self._connection = await talk.connector.connect_async(node, CONNECT_S)
        self._replies = Replies(self._connection)

    async def _pause(self, error: Exception, patience: Patience) -> bool:
        """Back off; False when it is time to look. Raises what waiting won't mend."""
        talk = self._engine.talk
        if classify(error) is Verdict.RAISE:
            raise explain(root(error), talk.connector.where) from None
        if self._closed or self._call is not None:
            return False  # what was sent along may have been done
        try:
            await asyncio.sleep(patience.pause(error))
        except GaveUp:
            return False
        return True

    async def _hang_up(self) -> None:
        if self._connection is not None:
            connection, self._connection, self._replies = self._connection, None, None
            await close(connection)


def _fail(woken: asyncio.Future[Woken], error: BaseException) -> None:
    if not woken.done():
        woken.set_exception(error)

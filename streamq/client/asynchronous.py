"""Carries conversations in event loops: one pool for each loop, closed with it."""

from __future__ import annotations

import asyncio
import os
import select
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as TooSlow

from streamq.client.classify import error_word
from streamq.client.connector import close, surplus_of
from streamq.client.steps import Exchange, Forget, Lost, Pause, Unsent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from streamq.client.connector import Connector
    from streamq.client.steps import Conversation, Node, Step, T

MAX_CONNECTIONS = 16  # in one loop, to all nodes; `max_connections` in the options changes it


class AsyncTransports:
    """The transports of all loops of this process; a forked child starts with none."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._pid = os.getpid()
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncTransport]
        self._by_loop = WeakKeyDictionary()
        self._parents: list[Any] = []  # held for good: to let go would close or warn

    @property
    def is_well(self) -> bool:
        """Whether the last exchange that ended in the running loop had an answer."""
        transport = self._by_loop.get(asyncio.get_running_loop())
        return transport is None or transport.is_well

    async def drive(self, conversation: Conversation[T], timeout: float) -> T:
        """Carry a conversation to its end, in the running loop.

        Raises Unsent where no connection is free within `timeout` seconds (see `take_turn`).
        """
        transport = await self.transport()
        await transport.take_turn(timeout)
        perform = transport.perform
        try:
            step = next(conversation)
            while True:
                try:
                    answer = await perform(step)
                except BaseException as error:  # noqa: BLE001 - the conversation decides
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            transport.end_turn()

    async def transport(self) -> AsyncTransport:
        """The running loop's transport, made when first asked for."""
        if self._pid != os.getpid():
            self._parents.append(list(self._by_loop.items()))
            self._pid, self._by_loop = os.getpid(), WeakKeyDictionary()
        loop = asyncio.get_running_loop()
        transport = self._by_loop.get(loop)
        if transport is None:
            transport = self._by_loop[loop] = AsyncTransport(self._connector)
            await transport.open()
        return transport

    async def aclose(self) -> None:
        """Close what belongs to the running loop."""
        transport = self._by_loop.pop(asyncio.get_running_loop(), None)
        if transport is not None:
            await transport.aclose()


@dataclass(eq=False, slots=True)
class _Turn:
    """A call in the queue for a connection."""

    given: asyncio.Future[None]
    deadline: float  # on the loop's clock

    @property
    def is_given(self) -> bool:
        """Whether it has the connection, and must pass it on."""
        given = self.given
        return given.done() and not given.cancelled() and given.exception() is None


class AsyncTransport:
    """The pool of one loop, last in, first out."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._idle: dict[Node, list[Any]] = {}
        self._free = connector.max_connections or MAX_CONNECTIONS
        self._queue: deque[_Turn] = deque()  # calls that wait for a connection
        self.is_well = True  # the last exchange that ended had an answer
        self._guard: AsyncGenerator[None, None] | None = None
        self.others: set[Any] = set()  # waiters: things with aclose() that end with the loop

    async def open(self) -> None:
        """Arrange to be closed with the loop.

        A loop closes its unfinished asynchronous generators before it ends
        (`shutdown_asyncgens`); no other hook lets us close sockets without warnings.
        """
        self._guard = self._close_at_end()
        await anext(self._guard)

    async def aclose(self) -> None:
        """Close idle connections and whatever else was made for this loop."""
        if self._guard is not None:
            guard, self._guard = self._guard, None
            await guard.aclose()

    async def perform(self, step: Step) -> Any:
        """Do one step of a conversation."""
        if isinstance(step, Exchange):
            return await self._exchange(step)
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        return await self._forget(step)

    async def take_turn(self, timeout: float) -> None:
        """Wait for a free connection; longer than `timeout` only while others get answers.

        So ten thousand calls at once all succeed, and fail in time when the server is away.
        """
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        turn = _Turn(loop.create_future(), loop.time() + timeout)
        self._queue.append(turn)
        timer = loop.call_later(timeout, self._give_up, turn)
        try:
            await turn.given
        except BaseException:
            if turn.is_given:
                self.end_turn()  # it came together with the cancellation
            raise
        finally:
            timer.cancel()

    def end_turn(self) -> None:
        """Let the next one have a connection."""
        while self._queue:
            given = self._queue.popleft().given
            if not given.done():
                given.set_result(None)  # hands the turn over: nobody cuts in
                return
        self._free += 1

    def _fall_ill(self) -> None:
        """An exchange failed: whoever has waited long enough waits no longer."""
        self.is_well = False
        self._connector.losses += 1
        now = asyncio.get_running_loop().time()
        for turn in list(self._queue):
            if turn.deadline <= now:
                self._give_up(turn)

    def _give_up(self, turn: _Turn) -> None:
        """The time of a wait is over: end it, unless others get answers."""
        if not self.is_well and not turn.given.done():
            cause = LostConnection("all connections are in use (max_connections)")
            turn.given.set_exception(Unsent(cause))

    async def _close_at_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            for other in list(self.others):
                await other.aclose()
            for node in list(self._idle):
                await self._forget(Forget(node))
            await asyncio.sleep(0)  # the loop closes the sockets of what was closed when it turns

    async def _exchange(self, step: Exchange) -> list[Any]:
        connection = await self._lease(step.node, step.timeout)
        try:
            async with asyncio.timeout(step.timeout):
                await connection.send_packed_command([step.data], check_health=False)
                replies = [await _read(connection) for _ in range(step.replies)]
        except (RedisError, OSError) as error:
            await close(connection)
            if error_word(error):  # an answer after which redis-py hangs up, as LOADING
                return [error] * step.replies
            self._fall_ill()
            slow = isinstance(error, TimeoutError)
            raise Lost(TooSlow("Timeout reading from socket") if slow else error) from None
        except BaseException:
            await close(connection)  # a late reply must never be another call's
            raise
        self.is_well = True
        self._idle.setdefault(step.node, []).append(connection)
        return replies

    async def _lease(self, node: Node, timeout: float) -> Any:
        while idle := self._idle.get(node):
            connection = idle.pop()
            if not is_stale(connection):
                return connection
            self._connector.losses += 1
            await close(connection)
        try:
            return await self._connector.connect_async(node, timeout)
        except (RedisError, OSError) as error:
            self._fall_ill()
            raise Unsent(error) from None

    async def _forget(self, step: Forget) -> None:
        for connection in self._idle.pop(step.node, ()):
            await close(connection)


def is_stale(connection: Any) -> bool:
    """Whether an idle connection was closed by the server, or has bytes nobody asked for."""
    reader, writer = connection._reader, connection._writer  # noqa: SLF001 - no other way in
    if reader is None or writer is None or writer.transport.is_closing():
        return True
    if reader.at_eof() or reader._buffer or surplus_of(connection)():  # noqa: SLF001 - no other way
        return True
    # The loop may not have looked at the socket since: ask the system.
    sock = writer.transport.get_extra_info("socket")
    if sock is None or not hasattr(select, "poll"):
        return False
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    return bool(poller.poll(0))


async def _read(connection: Any) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error

"""Carries conversations in event loops: one pool for each loop, closed with it."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from streamq.client.classify import error_word
from streamq.client.knocking import Knocking
from streamq.client.steps import Exchange, Forget, Lost, Pause, Unsent
from streamq.client.wire import Wire

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

    async def at_once(self, data: bytes, count: int, timeout: float) -> list[Any] | None:
        """One exchange with the only server, on a connection that is open already.

        None: there is none, or no answer came; the server may have done it all the same.
        """
        transport = self._by_loop.get(asyncio.get_running_loop())
        if transport is None or self._pid != os.getpid():
            return None
        return await transport.at_once(Exchange(None, data, count, timeout))

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
        self._knocking = Knocking(connector)
        self._idle: dict[Node, list[Wire]] = {}
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
            return await self._use(await self._lease(step.node, step.timeout), step)
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
        self._knocking.connector.losses += 1
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

    async def at_once(self, step: Exchange) -> list[Any] | None:
        """As `AsyncTransports.at_once`."""
        if not self._free or (wire := await self._idle_wire(step.node)) is None:
            return None
        self._free -= 1
        try:
            return await self._use(wire, step)
        except Lost:
            return None
        finally:
            self.end_turn()

    async def _use(self, wire: Wire, step: Exchange) -> list[Any]:
        try:
            replies = await wire.exchange(step.data, step.replies, step.timeout)
        except (RedisError, OSError) as error:
            await wire.close()
            if error_word(error):  # an answer after which redis-py hangs up, as LOADING
                return [error] * step.replies
            self._fall_ill()
            raise Lost(error) from None
        except BaseException:
            await wire.close()  # a late reply must never be another call's
            raise
        self.is_well = True
        self._idle.setdefault(step.node, []).append(wire)
        return replies

    async def _idle_wire(self, node: Node) -> Wire | None:
        idle = self._idle.get(node)
        while idle:
            wire = idle.pop()
            if not wire.is_stale():
                return wire
            self._knocking.connector.losses += 1
            await wire.close()
        return None

    async def _lease(self, node: Node, timeout: float) -> Wire:
        if (wire := await self._idle_wire(node)) is not None:
            return wire
        try:
            return Wire(await self._knocking.connect(node, timeout, is_well=self.is_well))
        except (RedisError, OSError) as error:
            self._fall_ill()
            raise Unsent(error) from None

    async def _forget(self, step: Forget) -> None:
        for wire in self._idle.pop(step.node, ()):
            await wire.close()

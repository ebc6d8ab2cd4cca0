"""Connections to the server in memory: what is sent arrives later, or in part, or never."""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

import hiredis
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TooSlow

from streamq.client.connector import Connector
from streamq.client.steps import Exchange, Lost, Pause, Unsent
from tests.simulation.values import Failure

if TYPE_CHECKING:
    from tests.simulation.world import Node, World

LATE_S = 0.3  # an answer that comes later than that may be too late
URL = "redis://simulated"


class Harm(Enum):
    """What may happen to commands on their way."""

    NONE = "none"
    UNSENT = "unsent"  # the connection breaks before they arrive
    CUT = "cut"  # it breaks after some of them have arrived
    MUTE = "mute"  # they are done, and it breaks before the answer
    LATE = "late"  # the answer takes seconds
    SILENT = "silent"  # they are done, and no answer ever comes


class Wire:
    """One connection, seen from both ends; also what redis-py's would be to the client."""

    def __init__(self, world: World, node: Node) -> None:
        self.world, self.node = world, node
        self.replies: deque[Any] = deque()
        self.is_open = True  # here
        self.is_silent = False  # nothing comes back any more
        self._to_do: deque[list[bytes]] = deque()  # arrived at the server, not done
        self._heard_at = self._said_at = 0.0  # nothing overtakes
        self._waiter: asyncio.Future[None] | None = None
        self.pops: tuple[bytes, float] | None = None  # a list that it waits for, until when
        self._reader = self._writer = self.transport = self  # as redis-py names them
        self._buffer = b""
        self._parser = self

    parse_error = staticmethod(BaseParser.parse_error)

    # --- the client's end -----------------------------------------------------------------------

    async def send_packed_command(self, data: list[bytes], **_how: bool) -> None:
        self.write(b"".join(data))

    def write(self, data: bytes) -> None:
        """Commands leave; the world's weather decides what becomes of them."""
        if not self.is_open:
            raise LostConnection("Connection closed")
        reader = hiredis.Reader()
        reader.feed(data)
        commands = list(iter(reader.gets, False))
        world = self.world
        harm = world.harm(self.node)
        if harm in {Harm.UNSENT, Harm.CUT}:
            commands = commands[: world.random.randrange(len(commands))] if harm is Harm.CUT else []
        self._heard_at = max(self._heard_at, world.now + world.latency())
        world.at(self._heard_at, lambda: self._arrive(commands, harm))

    async def read_response(self) -> Any:
        while not self.replies:
            if not self.is_open:
                raise LostConnection("Connection closed by server.")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.take()

    def take(self) -> Any:
        reply = self.replies.popleft()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def abort(self) -> None:
        self.is_open = False
        self.world.at(self.world.now + self.world.latency(), self._forget)
        self._wake()

    async def disconnect(self, **_how: bool) -> None:
        self.abort()

    def is_closing(self) -> bool:
        return not self.is_open

    at_eof = is_closing

    def get_extra_info(self, _name: str) -> None:
        return None

    def has_data(self) -> bool:
        return bool(self.replies)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done() and not self.node.is_dead:
            self._waiter.set_result(None)

    # --- the server's end -----------------------------------------------------------------------

    def _arrive(self, commands: list[list[bytes]], harm: Harm) -> None:
        if self.world.is_down or self.node.is_cut_off:
            self.is_silent = self.is_silent or self.node.is_cut_off
            return self.break_off() if self.world.is_down else None
        self._to_do += commands
        if harm in {Harm.MUTE, Harm.SILENT}:
            self.is_silent = True  # to all that comes, too
        if harm is Harm.LATE:
            self._said_at = max(self._said_at, self.world.now) + self.world.random.uniform(0.5, 8)
        self.go_on()
        if harm in {Harm.UNSENT, Harm.CUT, Harm.MUTE}:
            self.world.at(self.world.now + self.world.latency(), self.break_off)
        return None

    def go_on(self) -> None:
        """Do what has arrived, up to a pop that has to wait."""
        server, world = self.world.server, self.world
        while self._to_do and self.pops is None:
            words = self._to_do.popleft()
            if self.is_silent or self._said_at > world.now + LATE_S:
                world.unheard(self.node, words)
            if words[0] != b"BLPOP":
                self.say(world.execute(self.node, words))
            elif (marker := server.lpop(words[1])) is not None:
                self.say([words[1], marker])
            else:
                self.pops = (words[1], world.now + float(words[2]))
                world.blocked.append(self)
                world.at(self.pops[1], self._pop_ended)

    def pop(self, marker: bytes | None) -> None:
        """The pop that waited has its answer."""
        assert self.pops is not None
        key, self.pops = self.pops[0], None
        self.world.blocked.remove(self)
        self.say(None if marker is None else [key, marker])

    def _pop_ended(self) -> None:
        if self.pops is not None and self.pops[1] <= self.world.now:
            self.pop(None)
            self.go_on()

    def say(self, reply: Any) -> None:
        """An answer leaves the server."""
        world = self.world
        if self.is_silent:
            return
        self._said_at = max(self._said_at, world.now + world.latency())
        world.at(self._said_at, lambda: self._receive(reply))

    def _receive(self, reply: Any) -> None:
        if self.is_open and not self.is_silent and not self.node.is_cut_off:
            self.replies.append(reply)
            self._wake()

    def break_off(self) -> None:
        self.is_open = False
        self._forget()
        self._wake()

    def _forget(self) -> None:
        """The server has noticed that nobody is there."""
        self.is_silent = True
        self._to_do.clear()
        if self.pops is not None:
            self.pops = None
            self.world.blocked.remove(self)


class SimulatedConnector(Connector):
    """Connects to the world's server."""

    def __init__(self, world: World, node: Node) -> None:
        super().__init__(URL, {})
        self._world, self._node = world, node

    async def _connect_async(self, *_where: object) -> Wire:
        if self._node.is_cut_off:
            await asyncio.sleep(1.0)
            raise TooSlow("Timeout connecting to server")
        await asyncio.sleep(self._world.latency())
        return self.connect_now()

    def connect_now(self) -> Wire:
        if self._world.is_down or self._node.is_cut_off:
            raise LostConnection("Error 111 connecting: Connection refused.")
        wire = Wire(self._world, self._node)
        self._node.wires.append(wire)
        return wire


class ThreadTransport:
    """Carries conversations in threads of the world."""

    def __init__(self, world: World, connector: SimulatedConnector) -> None:
        self._world, self._connector = world, connector

    def drive(self, conversation: Any) -> Any:
        """Carry a conversation to its end."""
        try:
            step = next(conversation)
            while True:
                try:
                    answer = self._perform(step)
                except Exception as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            return end.value

    def _perform(self, step: Any) -> Any:
        if isinstance(step, Exchange):
            return self._exchange(step)
        if isinstance(step, Pause):
            self._world.thread().wait(lambda: False, step.seconds)
        return None

    def _exchange(self, step: Exchange) -> list[Any]:
        thread = self._world.thread()
        thread.wait(lambda: False, self._world.latency())
        try:
            wire = self._connector.connect_now()
        except RedisError as error:
            raise Unsent(error) from None
        try:
            wire.write(step.data)
            done = thread.wait(
                lambda: len(wire.replies) >= step.replies or not wire.is_open, step.timeout
            )
            if not done:
                raise Lost(TooSlow("Timeout reading from socket"))
            if len(wire.replies) < step.replies:
                raise Lost(LostConnection("Connection closed by server."))
            return list(wire.replies)
        finally:
            wire.abort()


def as_error(failure: Failure) -> Exception:
    """An error reply, as redis-py makes an exception of it."""
    error: Exception = BaseParser.parse_error(str(failure))  # type: ignore[no-untyped-call]
    return error

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
from tests.simulation.commands import Status
from tests.simulation.values import Failure

if TYPE_CHECKING:
    from tests.simulation.world import Node, World

CHUNK = 1 << 15  # bytes that arrive at once
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
    """One connection, seen from both ends; to the client it is redis-py's, and the transport in it.

    A process's loop is given bytes, a thread of it the replies themselves.
    """

    parse_error = staticmethod(BaseParser.parse_error)

    def __init__(self, world: World, node: Node) -> None:
        self.world, self.node = world, node
        self.replies: deque[Any] = deque()
        self.is_open = True  # here
        self.is_silent = False  # nothing comes back any more
        self._to_do: deque[list[bytes]] = deque()  # arrived at the server, not done
        self._heard_at = self._said_at = 0.0  # nothing overtakes
        self.pops: tuple[bytes, float] | None = None  # a list that it waits for, until when
        self._writer = self._parser = self.transport = self  # as redis-py names them
        self._protocol: Any = asyncio.Protocol()
        self._takes_bytes = False

    # --- the client's end -----------------------------------------------------------------------

    def get_protocol(self) -> Any:
        return self._protocol

    def set_protocol(self, protocol: Any) -> None:
        self._protocol, self._takes_bytes = protocol, True

    def write(self, data: bytes) -> None:
        """Commands leave; the world's weather decides what becomes of them."""
        if not self.is_open:
            return
        reader = hiredis.Reader()
        reader.feed(data)
        commands = list(iter(reader.gets, False))
        world = self.world
        harm = world.harm(self.node)
        if harm in {Harm.UNSENT, Harm.CUT}:
            commands = commands[: world.random.randrange(len(commands))] if harm is Harm.CUT else []
        self._heard_at = max(self._heard_at, world.now + world.latency())
        world.at(self._heard_at, lambda: self._arrive(commands, harm))

    def abort(self) -> None:
        if self.is_open:
            self.is_open = False
            self.world.at(self.world.now + self.world.latency(), self._forget)
            self._lost()

    async def disconnect(self, **_how: bool) -> None:
        self.abort()

    def is_closing(self) -> bool:
        return not self.is_open

    def get_extra_info(self, _name: str) -> None:
        return None

    def _lost(self) -> None:
        if not self.node.is_dead:
            self.node.loop.call_soon(self._protocol.connection_lost, None)

    def _deliver(self, data: bytes) -> None:
        """In the loop: as its selector would."""
        if self.is_open:
            room = self._protocol.get_buffer(-1)
            room[: len(data)] = data
            self._protocol.buffer_updated(len(data))

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
            if not self._takes_bytes:
                self.replies.append(as_error(reply) if isinstance(reply, Failure) else reply)
            elif not self.node.is_dead:
                data = as_bytes(reply)
                for at in range(0, len(data), CHUNK):
                    self.node.loop.call_soon(self._deliver, data[at : at + CHUNK])

    def break_off(self) -> None:
        was_open, self.is_open = self.is_open, False
        self._forget()
        if was_open:
            self._lost()

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


def as_bytes(reply: Any) -> bytes:
    """A reply as the server writes it."""
    if isinstance(reply, Failure):
        return b"-%s\r\n" % str(reply).encode()
    if isinstance(reply, Status):
        return b"+%s\r\n" % reply
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if reply is None:
        return b"$-1\r\n"
    return b"*%d\r\n%s" % (len(reply), b"".join(map(as_bytes, reply)))


def as_error(failure: Failure) -> Exception:
    """An error reply, as redis-py makes an exception of it."""
    error: Exception = BaseParser.parse_error(str(failure))  # type: ignore[no-untyped-call]
    return error

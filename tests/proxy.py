"""A proxy in front of a server that loses replies, closes, delays and cuts, as told by the test.

It runs in a thread of its own and is told what to do from the test's:

    with Proxy(server.address) as proxy:
        proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
        app = StreamQ("t", broker=proxy.url)

One connection of a client is one connection to the server; commands and replies are matched in
order, pub/sub messages pass through.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

from tests.proxy_faults import Fault, Harm
from tests.proxy_wire import Command, arguments, read_message
from tests.servers_process import remove_folder, temporary_folder

T = TypeVar("T")
Address = str | tuple[str, int]  # a socket's path, or host and port
_LIMIT = 2**26  # bytes of one line or bulk


class Proxy:
    """Stands between clients and the server at `target`; `url` is what clients get."""

    def __init__(self, target: Address, *, tcp: bool = False, login: str = "") -> None:
        self.target = target
        self.commands: list[Command] = []  # all that came, in order
        self._tcp = tcp
        self._login = f"{login}@" if login else ""  # "user:password"
        self._faults: list[Fault] = []
        self._pairs: set[_Pair] = set()
        self.connections = 0  # that came
        self._folder = temporary_folder()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._flowing = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self.resume()
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._call(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        remove_folder(self._folder)

    @property
    def url(self) -> str:
        if self._tcp:
            return f"redis://{self._login}127.0.0.1:{self._port}/0"
        return f"unix://{self._login}{self._folder}/p?db=0"

    # What a test tells it

    def add(self, fault: Fault) -> Fault:
        """From now on; the first fault that fits a command and isn't used up happens."""
        self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """Forget all faults; what was harmed stays harmed."""
        self._faults = []

    def down(self) -> None:
        """Close everything and refuse connections."""
        self._call(self._close())

    def up(self) -> None:
        """Accept connections (again, at the same address)."""
        self._call(self._listen())

    def drop_connections(self) -> None:
        """Close what is open; new connections are welcome."""
        self._call(self._drop())

    def pause(self) -> None:
        """Let nothing through, either way, with all connections open: a network that hangs."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def resume(self) -> None:
        self._loop.call_soon_threadsafe(self._flowing.set)

    def count(self, name: str) -> int:
        """How many commands of this name came."""
        return sum(command.name == name.upper() for command in list(self.commands))

    # Inside its thread

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        waiting: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return waiting.result(10)

    async def _listen(self) -> None:
        if self._tcp:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", self._port, limit=_LIMIT
            )
            self._port = self._server.sockets[0].getsockname()[1]
        else:
            path = f"{self._folder}/p"
            self._server = await asyncio.start_unix_server(self._accept, path, limit=_LIMIT)

    async def _close(self) -> None:
        if self._server is not None:
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            # asyncio leaves a connection open that it accepted just before its server closed:
            # what was accepted arrives first.
            for _ in range(3):
                await asyncio.sleep(0)
            self._server.close()
            self._server = None
        await self._drop()

    async def _drop(self) -> None:
        tasks = [pair.task for pair in self._pairs]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self) -> None:
        """Let what was accepted or closed just now come to its end."""
        mine = asyncio.current_task()
        while others := asyncio.all_tasks() - {mine}:
            await asyncio.wait(others)
        for _ in range(3):  # transports close by a callback of the loop
            await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # `down` came while it was connecting
            writer.transport.abort()
            return
        self.connections += 1
        pair = _Pair(self, self.connections, reader, writer)
        self._pairs.add(pair)
        try:
            await pair.run()
        except asyncio.CancelledError:  # asyncio of Python 3.11 would print it
            pass
        finally:
            self._pairs.discard(pair)

    def seen(self, connection: int, request: bytes) -> tuple[Command, Fault | None]:
        """Note a command and find what is to happen to it."""
        command = Command(len(self.commands) + 1, connection, arguments(request))
        self.commands.append(command)
        for fault in self._faults:
            if fault.fired < fault.times and fault.when(command):
                fault.fired += 1
                return command, fault
        return command, None

    async def flowing(self) -> None:
        """Wait while paused."""
        await self._flowing.wait()


class _Pair:
    """A client's connection and its own to the server."""

    def __init__(
        self,
        proxy: Proxy,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.proxy, self.number = proxy, number
        self.client_reader, self.client = reader, writer
        self.pending: deque[Fault | None] = deque()  # one per command that awaits its reply
        task = asyncio.current_task()
        assert task is not None
        self.task = task

    async def run(self) -> None:
        """Pass on both ways until one side is gone or a fault ends it."""
        writers, ways = [self.client], []
        try:
            server_reader, self.server = await self._connect()
            writers.append(self.server)
            ways = [
                asyncio.create_task(self._requests()),
                asyncio.create_task(self._replies(server_reader)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.CancelledError):  # no server there; `down`, `drop_connections`
            pass
        finally:
            for writer in writers:
                writer.close()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.proxy.target, str):
            return await asyncio.open_unix_connection(self.proxy.target, limit=_LIMIT)
        return await asyncio.open_connection(*self.proxy.target, limit=_LIMIT)

    async def _requests(self) -> None:
        while True:
            request = await read_message(self.client_reader)
            await self.proxy.flowing()
            command, fault = self.proxy.seen(self.number, request)
            harm = fault.harm if fault else None
            if fault and harm is Harm.ANSWER:
                await _send(self.client, f"-{fault.answer}\r\n".encode())
                continue
            if fault and harm is Harm.DELAY_REQUEST:
                await asyncio.sleep(fault.seconds)
            if harm is Harm.CLOSE_BEFORE:
                return
            if not command.name.endswith("SUBSCRIBE"):  # answered by messages, not by one reply
                self.pending.append(fault)
            await _send(
                self.server, request[: len(request) // 2 if harm is Harm.CUT_REQUEST else None]
            )
            if harm in (Harm.CUT_REQUEST, Harm.CLOSE_AFTER):
                return

    async def _replies(self, reader: asyncio.StreamReader) -> None:
        while True:
            reply = await read_message(reader)
            await self.proxy.flowing()
            message = reply.startswith(b">") or not self.pending
            fault = None if message else self.pending.popleft()
            harm = fault.harm if fault else None
            if fault and harm is Harm.DELAY:
                await asyncio.sleep(fault.seconds)
            if harm is Harm.SWALLOW:
                continue
            if harm is Harm.RESET_REPLY:
                _reset(self.client)
            if harm in (Harm.DROP_REPLY, Harm.RESET_REPLY):
                return
            if harm is Harm.REPEAT_REPLY:
                reply += reply
            await _send(self.client, reply[: len(reply) // 2 if harm is Harm.CUT_REPLY else None])
            if harm is Harm.CUT_REPLY:
                return


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Make the coming close a TCP reset; a unix socket knows only the close."""
    raw: socket.socket = writer.get_extra_info("socket")
    if raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

"""A connection taken over from redis-py: replies as they come, and what never should."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TooSlow

from streamq.client.connector import Connector
from streamq.client.wire import Wire
from tests.servers import Server

PING = b"*1\r\n$4\r\nPING\r\n"


async def connect(url: str) -> Wire:
    return Wire(await Connector(url, {}).connect_async(None, 5.0))


def test_a_reply_that_nobody_asked_for_spoils_the_connection(server: Server) -> None:
    async def main() -> None:
        wire = await connect(server.url)
        assert await wire.exchange(PING, 1, 5.0) == [b"PONG"]
        assert not wire.is_stale()
        assert await wire.exchange(PING + PING, 1, 5.0) == [b"PONG"]
        await asyncio.sleep(0.05)
        assert wire.is_stale()
        await wire.close()

    asyncio.run(main())


def test_refusals_are_values_and_large_replies_are_whole(server: Server) -> None:
    server.admin.set("sq:large", b"x" * 3_000_000, px=5000)

    async def main() -> None:
        wire = await connect(server.url)
        get = b"*2\r\n$3\r\nGET\r\n$8\r\nsq:large\r\n"
        wrong, large = await wire.exchange(b"*1\r\n$3\r\nGET\r\n" + get, 2, 5.0)
        assert isinstance(wrong, Exception)
        assert large == b"x" * 3_000_000
        await wire.close()

    asyncio.run(main())


@pytest.fixture
def stranger() -> Iterator[Any]:
    """Something that is no Redis once the handshake is over: says what it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize(
    ("says", "error"),
    [(b"%garbage\r\n", LostConnection), (b"+half", TooSlow), (b"", LostConnection)],
)
def test_what_is_no_reply_ends_the_exchange(stranger: Any, says: bytes, error: type) -> None:
    over = threading.Event()

    def serve() -> None:
        connection, _ = stranger.accept()
        with connection:
            while data := connection.recv(4096):
                if b"PING" in data:
                    break
                connection.sendall(b"+OK\r\n" * data.count(b"*"))
            connection.sendall(says)
            if says:
                over.wait(5)

    thread = threading.Thread(target=serve)
    thread.start()

    async def main() -> None:
        wire = await connect(f"redis://127.0.0.1:{stranger.getsockname()[1]}")
        with pytest.raises(error):
            await wire.exchange(PING, 1, 0.3)
        assert wire.is_stale() or error is TooSlow
        await wire.close()

    asyncio.run(main())
    over.set()
    thread.join(5)

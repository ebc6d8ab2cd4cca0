"""Sleeping until a marker comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from streamq.client.waiting import AsyncWaiter
from streamq.errors import BrokerRefused
from tests.client.small import MakeClient, MakeProxy
from tests.conftest import MakeServer
from tests.servers import Server
from tests.waiting import wait_until_async

KEYS = [f"sq:{{streamq:q{number}}}:wake" for number in range(3)]
Scene = Callable[[AsyncWaiter], Awaitable[None]]


def play(client_url: str, make_client: MakeClient, scene: Scene) -> None:
    client = make_client(client_url)

    async def main() -> None:
        waiter = client.waiting()
        await scene(waiter)
        await waiter.aclose()
        await client.aclose()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


async def asleep(server: Server) -> None:
    def blocked() -> bool:
        return any(
            client["flags"].count("b")
            for node in server.nodes
            for client in node.admin.client_list()
        )

    await wait_until_async(blocked, "the waiter to be asleep")


@pytest.mark.parametrize("any_server", ["redis70", "valkey9", "acl"], indirect=True)
def test_a_marker_wakes_a_waiter_and_is_taken(any_server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(KEYS, 5))
        await asleep(any_server)
        any_server.admin.lpush(KEYS[1], "1")
        assert await woken == KEYS[1]
        assert any_server.admin.llen(KEYS[1]) == 0

    play(any_server.url, make_client, scene)


@pytest.mark.parametrize("any_server", ["cluster"], indirect=True)
def test_in_a_cluster_each_slot_is_waited_for(any_server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(KEYS, 5))
        await asleep(any_server)
        any_server.admin.lpush(KEYS[2], "1")
        assert await woken == KEYS[2]
        for key in KEYS:  # while the others of the last wait still sleep
            any_server.admin.lpush(key, "1")
        assert {await waiter.wait(KEYS, 5) for _ in KEYS} == set(KEYS)
        assert await waiter.wait(KEYS, 0.05) is None

    play(any_server.url, make_client, scene)


def test_a_wait_ends_after_its_time(server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        for _ in range(3):
            started = time.monotonic()
            assert await waiter.wait(KEYS, 0.1) is None
            assert 0.09 < time.monotonic() - started < 0.5

    play(server.url, make_client, scene)


def test_closing_ends_a_wait_at_once(server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(KEYS, 30))
        await asleep(server)
        started = time.monotonic()
        waiter.close()
        assert await woken is None
        assert await waiter.wait(KEYS, 30) is None
        assert time.monotonic() - started < 1

    play(server.url, make_client, scene)


def test_a_cancelled_wait_loses_no_marker(server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(KEYS, 30))
        await asleep(server)
        woken.cancel()
        await asyncio.gather(woken, return_exceptions=True)
        server.admin.lpush(KEYS[0], "1")
        assert await waiter.wait(KEYS, 5) == KEYS[0]

    play(server.url, make_client, scene)


def test_a_lost_connection_is_a_reason_to_look_again(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(KEYS, 30))
        await asleep(server)
        proxy.drop_connections()
        assert await woken is None
        server.admin.lpush(KEYS[0], "1")
        assert await waiter.wait(KEYS, 5) == KEYS[0]

    play(proxy.url, make_client, scene)


def test_a_server_that_is_away_ends_the_wait_in_time(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        await waiter.wait(KEYS, 0.01)
        proxy.down()
        assert await waiter.wait(KEYS, 0.2) is None
        proxy.up()
        assert await waiter.wait(KEYS, 5) is None  # connected anew: look again

    play(proxy.url, make_client, scene)


def test_a_wrong_password_is_raised(make_server: MakeServer, make_client: MakeClient) -> None:
    server = make_server(password="right")

    async def scene(waiter: AsyncWaiter) -> None:
        with pytest.raises(BrokerRefused, match="password"):
            await waiter.wait(KEYS, 5)

    play(server.url.replace("right", "wrong"), make_client, scene)

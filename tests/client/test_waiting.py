"""Sleeping until a marker comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from streamq.client.waiting import AsyncWaiter
from streamq.errors import BrokerRefused
from tests.client.small import COUNT, MakeClient, MakeProxy, call
from tests.conftest import MakeServer
from tests.servers import Server
from tests.waiting import BUSY_S, wait_until_async

KEY = "sq:{streamq:q}:wake"
NOTHING = (False, None)
Scene = Callable[[AsyncWaiter], Awaitable[None]]


def play(client_url: str, make_client: MakeClient, scene: Scene) -> None:
    client = make_client(client_url)

    async def main() -> None:
        waiter = client.waiting(KEY)
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


@pytest.mark.parametrize("any_server", ["redis70", "valkey9", "acl", "cluster"], indirect=True)
def test_a_marker_wakes_a_waiter_and_is_taken(any_server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(5))
        await asleep(any_server)
        any_server.admin.lpush(KEY, "1")
        assert await woken == (True, None)
        assert any_server.admin.llen(KEY) == 0

    play(any_server.url, make_client, scene)


def test_a_wait_ends_after_its_time(server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        for _ in range(3):
            started = time.monotonic()
            assert await waiter.wait(0.1) == NOTHING
            assert 0.09 < time.monotonic() - started < BUSY_S

    play(server.url, make_client, scene)


def test_closing_ends_a_wait_at_once(server: Server, make_client: MakeClient) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(30))
        await asleep(server)
        started = time.monotonic()
        waiter.close()
        assert await woken == NOTHING
        assert await waiter.wait(30) == NOTHING
        assert time.monotonic() - started < BUSY_S

    play(server.url, make_client, scene)


NEXT = call(COUNT, key="sq:{streamq:q}:n")


@pytest.mark.parametrize("any_server", ["redis70", "valkey9", "cluster"], indirect=True)
def test_a_call_sent_along_runs_when_the_marker_comes(
    any_server: Server, make_client: MakeClient
) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(5, NEXT))
        await asleep(any_server)
        assert not any_server.admin.exists(NEXT.keys[0])
        any_server.admin.lpush(KEY, "1")
        assert await woken == (True, 1)
        assert await waiter.wait(0.05, NEXT) == (False, 2), "and when the time is over"
        woken = asyncio.create_task(waiter.wait(5))
        await asleep(any_server)
        waiter.send_along(NEXT)
        any_server.admin.lpush(KEY, "1")
        assert await woken == (True, 3), "also when sent later"

    for node in any_server.nodes:
        node.admin.script_load(NEXT.script.source)
    play(any_server.url, make_client, scene)


def test_a_call_sent_along_and_not_answered_is_a_reason_to_look(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(30, NEXT))
        await asleep(server)
        proxy.drop_connections()
        assert await woken == NOTHING

    play(proxy.url, make_client, scene)


def test_a_script_that_the_server_lacks_is_a_reason_to_look(
    server: Server, make_client: MakeClient
) -> None:
    async def scene(waiter: AsyncWaiter) -> None:
        server.admin.lpush(KEY, "1")
        assert await waiter.wait(5, NEXT) == NOTHING

    play(server.url, make_client, scene)


def test_a_lost_connection_is_a_reason_to_look_again(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        woken = asyncio.create_task(waiter.wait(30))
        await asleep(server)
        proxy.drop_connections()
        assert await woken == NOTHING
        server.admin.lpush(KEY, "1")
        assert await waiter.wait(5) == (True, None)

    play(proxy.url, make_client, scene)


@pytest.mark.parametrize("heard_s", [0.0, 0.1], ids=["not heard of", "heard of"])
def test_a_connection_that_was_lost_between_two_waits_is_a_reason_to_look(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, heard_s: float
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        await waiter.wait(0.01)
        proxy.drop_connections()
        await asyncio.sleep(heard_s)
        began = time.monotonic()
        assert await waiter.wait(30) == NOTHING
        assert time.monotonic() - began < BUSY_S, "nobody waits on a dead line"

    play(proxy.url, make_client, scene)


def test_a_server_that_is_away_ends_the_wait_in_time(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)

    async def scene(waiter: AsyncWaiter) -> None:
        await waiter.wait(0.01)
        proxy.down()
        assert await waiter.wait(0.2) == NOTHING
        proxy.up()
        assert await waiter.wait(5) == NOTHING  # connected anew: look again

    play(proxy.url, make_client, scene)


def test_a_wrong_password_is_raised(make_server: MakeServer, make_client: MakeClient) -> None:
    server = make_server(password="right")

    async def scene(waiter: AsyncWaiter) -> None:
        with pytest.raises(BrokerRefused, match="password"):
            await waiter.wait(5)

    play(server.url.replace("right", "wrong"), make_client, scene)

"""One client in event loops, one after the other and at once."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from streamq.errors import BrokerUnavailable
from tests.client.small import COUNT, ECHO, Line, MakeClient, MakeProxy, call
from tests.proxy_faults import Fault, Harm, any_script
from tests.servers import Server
from tests.waiting import wait_until, wait_until_async


def connections(server: Server) -> int:
    return len(server.admin.client_list()) - 1  # the test's own


def test_a_client_serves_one_loop_after_the_other(
    any_server: Server, make_client: MakeClient
) -> None:
    client = make_client(any_server.url)
    for number in range(3):
        text = str(number)
        answer = asyncio.run(client.run_async(call(ECHO, text)))
        assert answer == text.encode()
    gc.collect()  # a connection that outlived its loop would warn here


def test_a_loop_that_ends_takes_its_connections_along(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url)

    async def main() -> None:
        await asyncio.gather(*(client.run_async(call(COUNT)) for _ in range(50)))
        assert connections(server) > 1

    asyncio.run(main())
    wait_until(lambda: connections(server) == 0, "the connections to close")


def test_loops_in_threads_share_a_client(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)
    seen: list[int] = []

    async def main() -> None:
        seen.extend(await asyncio.gather(*(client.run_async(call(COUNT)) for _ in range(50))))

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 151))


def test_many_tasks_share_few_connections(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)

    async def main() -> None:
        answers = await asyncio.gather(*(client.run_async(call(COUNT)) for _ in range(2000)))
        assert sorted(answers) == list(range(1, 2001))
        assert connections(server) <= 16

    asyncio.run(main())


def test_one_call_knocks_for_all_while_the_server_hangs(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url, timeout=4.0)

    async def ask(text: str) -> bytes:
        answer: bytes = await client.run_async(call(ECHO, text))
        return answer

    async def main() -> None:
        await ask("here")
        proxy.pause()
        with pytest.raises(BrokerUnavailable):
            await client.run_async(call(ECHO, "lost"), timeout=0.1)
        before = proxy.connections
        asked = [asyncio.create_task(ask(str(n))) for n in range(12)]
        await asyncio.sleep(2.5)  # each would have tried by itself twice
        # A call in the middle of it, which isn't the one that knocks, ends in its own time.
        with pytest.raises(BrokerUnavailable):
            await client.run_async(call(ECHO, "short"), timeout=0.1)
        tried = proxy.connections - before
        proxy.resume()
        assert await asyncio.gather(*asked) == [str(n).encode() for n in range(12)]
        assert tried <= 5

    asyncio.run(main())


def test_a_knock_that_is_cancelled_leaves_the_others_to_knock_for_themselves(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url, timeout=5.0)

    async def main() -> None:
        await client.run_async(call(ECHO, "here"))
        proxy.pause()
        with pytest.raises(BrokerUnavailable):
            await client.run_async(call(ECHO, "lost"), timeout=0.1)
        first = asyncio.create_task(client.run_async(call(ECHO, "first")))
        await asyncio.sleep(0.3)
        second = asyncio.create_task(client.run_async(call(ECHO, "second")))
        await asyncio.sleep(0.1)
        first.cancel()
        proxy.resume()
        assert await second == b"second"

    asyncio.run(main())


def test_waiting_for_a_connection_is_no_failure_while_answers_come(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    proxy.add(Fault(any_script, Harm.DELAY, times=100, seconds=0.1))
    client = make_client(proxy.url, timeout=0.3, options={"max_connections": 1})

    async def main() -> None:
        answers = await asyncio.gather(*(client.run_async(call(COUNT)) for _ in range(6)))
        assert answers == [1, 2, 3, 4, 5, 6]

    asyncio.run(main())


def test_waiting_for_a_connection_ends_when_no_answers_come(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url, options={"max_connections": 1})

    async def main() -> None:
        await client.run_async(call(COUNT))
        server.pause()
        failed = await asyncio.gather(
            *(client.run_async(call(COUNT), timeout=0.1) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in failed] == [BrokerUnavailable] * 3
        server.resume()
        assert await client.run_async(call(ECHO, "well")) == b"well"

    asyncio.run(main())


def test_a_cancelled_call_leaves_no_late_reply_behind(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url, options={"max_connections": 1})

    async def main() -> None:
        await client.run_async(call(ECHO, "first"))
        proxy.add(Fault(any_script, Harm.DELAY, seconds=0.1))
        lost = asyncio.create_task(client.run_async(call(ECHO, "late")))
        queued = asyncio.create_task(client.run_async(call(ECHO, "never")))
        await wait_until_async(lambda: proxy.count("EVALSHA") == 2, "the call to be sent")
        queued.cancel()
        lost.cancel()
        ends = await asyncio.gather(lost, queued, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        assert [await client.run_async(call(ECHO, "next")) for _ in range(3)] == [b"next"] * 3

    asyncio.run(main())


def test_a_call_lost_on_the_way_is_asked_again(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    for harm in (Harm.CLOSE_BEFORE, Harm.CLOSE_AFTER, Harm.DROP_REPLY, Harm.CUT_REPLY):
        proxy.add(Fault(any_script, harm))
    assert asyncio.run(client.run_async(call(ECHO, "a"))) == b"a"


def test_a_connection_the_server_closed_while_idle_costs_no_try(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)

    async def main() -> None:
        await client.run_async(call(COUNT))
        sent = len(proxy.commands)
        proxy.drop_connections()  # the loop hasn't run since, so it hasn't seen it
        await client.run_async(call(COUNT))
        assert [command.name for command in proxy.commands[sent:]].count("EVALSHA") == 1

    asyncio.run(main())


def test_many_calls_are_one_pipeline(any_server: Server, make_client: MakeClient) -> None:
    client = make_client(any_server.url)
    calls = [call(ECHO, str(number), key=f"sq:{number}") for number in range(10)]
    assert asyncio.run(client.run_many_async(calls)) == [b"%d" % number for number in range(10)]


def test_closing_in_a_loop_closes_everything(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)

    async def main() -> None:
        await client.run_async(call(COUNT))
        client.run(call(COUNT))
        waiter = client.waiting("sq:none")
        await waiter.wait(0.01)
        await client.aclose()
        await wait_until_async(lambda: connections(server) == 0, "the connections to close")
        assert await client.run_async(call(COUNT)) == 3  # and may be used again

    asyncio.run(main())


def test_no_server_is_an_error_in_time(make_client: MakeClient) -> None:
    client = make_client("unix:///nowhere/at/all", timeout=0.1)
    with pytest.raises(BrokerUnavailable, match="No server answers"):
        asyncio.run(client.run_async(call(Line("return 1"))))

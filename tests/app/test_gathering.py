"""Waiting for many jobs at once, and through trouble."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from streamq import BrokerUnavailable, StreamQ, Task, UnknownJob, WaitTimeout
from streamq.ids import IdMaker
from tests.app.hands import Hands, soon
from tests.conftest import MakeServer
from tests.proxy import Proxy
from tests.servers import Server


def test_gather_keeps_the_order_and_raises_the_first_failure(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    jobs = add.delay_many([(n, 0) for n in range(5)])
    with soon(hands.run_all):
        assert app.gather([*jobs, jobs[0]], timeout=10) == [0, 1, 2, 3, 4, 0]
    bad = [add.delay(1, 0), add.delay(-1, 0)]
    with soon(hands.run_all), pytest.raises(ValueError, match="negative"):
        app.gather(bad, timeout=10)
    one, error = app.gather(bad, timeout=10, propagate=False)
    assert one == 1
    assert isinstance(error, ValueError)
    late = [add.delay(1, 1), add.options(countdown=60).delay(1, 1)]
    with pytest.raises(
        WaitTimeout, match=rf"{late[0].id} and 1 more have not .*: waiting"
    ) as caught:
        app.gather([*jobs, *late], timeout=0.05)
    assert (caught.value.state, caught.value.job_id) == ("waiting", late[0].id)
    assert app.gather([]) == []


def test_gather_in_place_of_what_nobody_knows(app: StreamQ) -> None:
    job = app.result(IdMaker().new_id("default", True))
    with pytest.raises(UnknownJob):
        app.gather([job])
    (error,) = app.gather([job], propagate=False)
    assert isinstance(error, UnknownJob)


def test_as_completed_gives_each_job_as_it_ends(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    first, second = add.delay(1, 0), add.delay(2, 0)
    one, two = hands.claim()
    ended: list[int] = []
    with soon(lambda: hands.run(two), 0.1), soon(lambda: hands.run(one), 0.8):
        ended += [job.get(timeout=0) for job in app.as_completed([first, second], timeout=10)]
    assert ended == [2, 1]


def test_async_gather_and_as_completed(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    async def use() -> None:
        jobs = await add.adelay_many([(n, 0) for n in range(5)])
        with soon(hands.run_all):
            assert await app.agather(jobs, timeout=10) == [0, 1, 2, 3, 4]
        more = await add.adelay_many([(n, 0) for n in range(3)])
        with soon(hands.run_all):
            seen = [await job async for job in app.aas_completed([*more, jobs[0]], timeout=10)]
        assert sorted(seen) == [0, 0, 1, 2]
        with pytest.raises(WaitTimeout, match=r"has not ended within 0\.05 s: waiting"):
            await app.agather([await add.adelay(1, 1)], timeout=0.05)
        bad = await add.adelay(-1, 0)
        with soon(hands.run_all), pytest.raises(ValueError, match="negative"):
            await app.agather([bad], timeout=10)
        assert isinstance((await app.agather([bad], propagate=False))[0], ValueError)
        await app.aclose()

    asyncio.run(use())


def test_a_lost_connection_of_the_listener_loses_no_result(
    server: Server, make_proxy: Callable[..., Proxy]
) -> None:
    proxy = make_proxy(server)
    app = StreamQ("shop", broker=proxy.url)
    task = app.task(name="shop.one")(lambda: 1)
    straight = StreamQ("shop", broker=server.url)
    straight.task(name="shop.one")(lambda: 1)
    hands = Hands(straight)
    job = task.delay()

    def lose_and_run() -> None:
        proxy.drop_connections()
        hands.run_all()

    with soon(lose_and_run, 0.3):
        begun = time.monotonic()
        assert job.get(timeout=10) == 1
        assert time.monotonic() - begun < 4  # asked again after connecting, not after 5 s
    app.close()
    straight.close()


def test_a_wait_outlives_an_outage_but_does_not_begin_in_one(make_server: MakeServer) -> None:
    server = make_server(appendonly="yes")
    app = StreamQ("shop", broker=server.url, enqueue_timeout=0.5)
    task = app.task(name="shop.one")(lambda: 1)
    hands = Hands(app)
    job = task.delay()

    def restart() -> None:
        server.kill()
        with pytest.raises(BrokerUnavailable):
            task.delay().get()
        server.start()
        hands.run_all()

    with soon(restart, 0.3):
        assert job.get(timeout=20) == 1
    app.close()

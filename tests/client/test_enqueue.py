"""Enqueueing once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from streamq import operations
from streamq.client import Client
from streamq.errors import BrokerRefused, BrokerUnavailable, EnqueueUncertain
from streamq.operations import ProducerGap
from streamq.operations.call import Call
from tests.client.small import (
    ECHO,
    KEYS,
    MakeClient,
    MakeProxy,
    call,
    describe,
    job,
    words,
)
from tests.client.test_outage import LOSSES
from tests.conftest import MakeServer
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server, free_port
from tests.waiting import wait_until_async


def counts(client: Client) -> int:
    return client.run(operations.count(KEYS))["enqueued"]


@pytest.mark.parametrize("harm", [*LOSSES, Harm.SWALLOW], ids=lambda harm: harm.name)
@pytest.mark.parametrize("way", ["blocking", "async"])
def test_an_enqueue_lost_on_the_way_makes_one_job(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, harm: Harm, way: str
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url, timeout=2.5)
    client.enqueue(describe(job(0)), "q", [job(0)])
    fault = proxy.add(Fault(script("enqueue"), harm))
    if way == "blocking":
        client.enqueue(describe(job(1)), "q", [job(1)])
    else:
        asyncio.run(client.enqueue_async(describe(job(1)), "q", [job(1)]))
    assert fault.fired == 1
    assert counts(client) == 2
    assert words(client.enqueue(describe(job(2)), "q", [job(2)])) == ["OK"]


def test_a_repeat_is_known_even_when_the_job_is_gone(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    other = make_client(server.url)
    client.enqueue(describe(job(0)), "q", [job(0)])
    proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
    proxy.add(Fault(script("enqueue"), Harm.DELAY_REQUEST, seconds=0.3))  # for the repeat
    told: list[str] = []
    thread = threading.Thread(
        target=lambda: told.extend(words(client.enqueue(describe(job(1)), "q", [job(1)])))
    )
    thread.start()
    while other.run(operations.cancel(KEYS, ids=[job(1)], result_ttl_ms=1000)) != ["OK"]:
        pass  # the job is gone before the repeat comes
    thread.join()
    assert told == ["ALREADY"]
    assert counts(client) == 2


def test_an_enqueue_without_an_answer_is_uncertain_and_the_next_is_another_producer(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    proxy.add(Fault(script("enqueue"), Harm.SWALLOW, times=1000))
    with pytest.raises(EnqueueUncertain) as caught:
        client.enqueue(describe(job(1)), "q", [job(1)], timeout=0.2)
    assert caught.value.job_ids == (job(1),)
    proxy.heal()
    assert words(client.enqueue(describe(job(2)), "q", [job(2)])) == ["OK"]
    producers = {
        key
        for command in proxy.commands
        if command.sha
        for key in command.args
        if b":producer:" in key
    }
    assert len(producers) == 2


def test_a_refusal_after_a_lost_answer_is_still_uncertain(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    client.enqueue(describe(job(1)), "q", [job(1)])
    proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
    proxy.add(Fault(script("enqueue"), Harm.ANSWER, answer="NOPERM no more"))
    with pytest.raises(EnqueueUncertain, match="doesn't allow"):
        client.enqueue(describe(job(2)), "q", [job(2)])
    proxy.add(Fault(script("enqueue"), Harm.ANSWER, answer="NOPERM no more"))
    with pytest.raises(BrokerRefused):
        client.enqueue(describe(job(3)), "q", [job(3)])


def test_an_enqueue_that_was_never_sent_says_so(make_client: MakeClient) -> None:
    client = make_client(f"redis://127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnavailable, match="No server answers"):
        client.enqueue(describe(job(1)), "q", [job(1)], timeout=0.1)


def test_a_dead_idle_connection_is_no_reason_for_doubt(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server()
    client = make_client(server.url)
    client.enqueue(describe(job(1)), "q", [job(1)])
    server.kill()
    with pytest.raises(BrokerUnavailable):
        client.enqueue(describe(job(2)), "q", [job(2)], timeout=0.1)


def test_a_producer_that_the_server_takes_for_another_starts_anew(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url)
    client.enqueue(describe(job(1)), "q", [job(1)])
    [key] = server.admin.keys("*:producer:*")
    server.admin.set(key, "7 another 1", ex=60)
    assert words(client.enqueue(describe(job(2)), "q", [job(2)])) == ["OK"]
    assert counts(client) == 2


def test_a_gap_without_end_is_an_error(server: Server, make_client: MakeClient) -> None:
    def gap(_: object) -> None:
        raise ProducerGap

    with pytest.raises(BrokerUnavailable, match="failover"):
        make_client(server.url).enqueue(lambda *_: call(ECHO, "", read=gap), "q", ["id"])


def test_a_producer_counts_each_queue_by_itself(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)
    seen: list[tuple[str, str, int]] = []

    def enqueue(queue: str, number: int) -> None:
        def note(producer: str, counter: int) -> Call[list[operations.Enqueued]]:
            seen.append((producer, queue, counter))
            return describe(job(number))(producer, counter)

        client.enqueue(note, queue, [job(number)])

    enqueue("q", 1)
    enqueue("q", 2)
    assert [counter for _, _, counter in seen] == [1, 2]
    assert len({producer for producer, _, _ in seen}) == 1


def test_threads_and_loops_are_producers_of_their_own(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url)

    def work(first: int) -> None:
        for number in range(first, first + 25):
            client.enqueue(describe(job(number)), "q", [job(number)])

    async def work_async() -> None:
        ids = [job(number) for number in range(1000, 1100)]
        await asyncio.gather(*(client.enqueue_async(describe(i), "q", [i]) for i in ids))

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    asyncio.run(work_async())
    for thread in threads:
        thread.join()
    assert counts(client) == 200


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork beside threads
def test_a_forked_child_connects_for_itself(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)
    for number in range(3):
        client.enqueue(describe(job(number)), "q", [job(number)])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            for number in range(100, 120):
                client.enqueue(describe(job(number)), "q", [job(number)])
            asyncio.run(client.enqueue_async(describe(job(120)), "q", [job(120)]))
            code = 0
        finally:
            os._exit(code)
    for number in range(200, 220):
        client.enqueue(describe(job(number)), "q", [job(number)])
    assert os.waitpid(child, 0)[1] == 0
    assert counts(client) == 44
    assert server.admin.info("clients")["connected_clients"] == 2  # ours and the test's


def test_a_cancelled_enqueue_takes_its_producer_along(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    proxy.add(Fault(script("enqueue"), Harm.SWALLOW))

    async def main() -> list[str]:
        lost = asyncio.create_task(client.enqueue_async(describe(job(1)), "q", [job(1)]))
        await wait_until_async(lambda: proxy.count("EVALSHA"), "the call to be sent")
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
        return words(await client.enqueue_async(describe(job(2)), "q", [job(2)]))

    assert asyncio.run(main()) == ["OK"]

"""One plain job by the shortest way: once, whatever is lost on it."""

from __future__ import annotations

import os
import threading

import pytest
from hiredis import pack_command

from streamq import operations
from streamq.client import Client
from streamq.client.message import Message
from streamq.client.producers import Producer
from streamq.client.shortcut import BODY, COUNTER, PRODUCER
from streamq.errors import BrokerRefused, BrokerUnavailable, EnqueueUncertain
from streamq.operations.plain import PlainEnqueue
from streamq.scripts import load
from tests.client.small import KEYS, MakeClient, MakeProxy, describe, job
from tests.client.test_outage import LOSSES
from tests.conftest import MakeServer
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server

CALL = b"\x93\x90\x80\x80"


def plainly() -> PlainEnqueue:
    return PlainEnqueue(KEYS, "task", "-")


def ready(client: Client) -> Client:
    """One that has a connection, has enqueued a job and whose server knows `put`."""
    client.command("SCRIPT", "LOAD", load("put").source)
    client.enqueue(describe(job(0)), "q", [job(0)])
    return client


def counts(client: Client) -> int:
    return client.run(operations.count(KEYS))["enqueued"]


def evalshas(server: Server) -> int:
    return int(server.admin.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


def test_the_short_way_sends_what_the_long_way_sends(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = ready(make_client(proxy.url))
    proxy.commands.clear()
    assert client.enqueue_plain(plainly(), [(job(1), CALL), (job(2), CALL)])
    client.enqueue(describe(job(3), job(4)), "q", [job(3), job(4)])
    short, long = [command.args for command in proxy.commands]
    changed = {at for at, (one, other) in enumerate(zip(short, long, strict=True)) if one != other}
    assert [(short[at], long[at]) for at in sorted(changed)] == [
        (b"2", b"3"),  # the producer's number
        (job(1).encode(), job(3).encode()),
        (job(2).encode(), job(4).encode()),
    ]
    assert counts(client) == 5


def test_one_job_is_put_with_few_keys(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client, plain = ready(make_client(proxy.url)), plainly()
    assert client.enqueue_plain(plain, [(job(1), CALL)])  # loads the script
    proxy.commands.clear()
    assert client.enqueue_plain(plain, [(job(2), CALL)])
    [sent] = proxy.commands
    producer = sent.args[11].decode().rpartition(":")[2]
    described = Message.of(plain.short(producer, 3, [(job(2), CALL)]))
    assert pack_command(tuple(sent.args)) == pack_command(tuple(described.command))  # type: ignore[arg-type]
    assert sent.args[2] == b"9"
    assert counts(client) == 3


def test_the_sample_is_cut_where_the_real_values_go() -> None:
    sample = plainly().call(PRODUCER, COUNTER, [(job(1), BODY)])
    assert len(PRODUCER) == len(Producer().id)
    assert [str(value) for value in sample.args].count(str(COUNTER)) == 1


def test_without_a_connection_nothing_is_sent(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)
    assert not client.enqueue_plain(plainly(), [(job(1), CALL)])
    ready(client).close()
    assert not client.enqueue_plain(plainly(), [(job(1), CALL)])
    assert counts(client) == 1


@pytest.mark.parametrize(
    "options", [{"durability": "replica:1"}, {"options": {"max_connections": 1}}]
)
def test_what_asks_for_more_goes_the_long_way(
    server: Server, make_client: MakeClient, options: dict[str, object]
) -> None:
    client = make_client(server.url, **options)
    client.ping()
    assert not client.enqueue_plain(plainly(), [(job(1), CALL)])


@pytest.mark.parametrize("harm", [*LOSSES, Harm.SWALLOW], ids=lambda harm: harm.name)
def test_one_lost_on_the_way_makes_one_job(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, harm: Harm
) -> None:
    proxy = make_proxy(server)
    client = ready(make_client(proxy.url, timeout=2.5))
    fault = proxy.add(Fault(script("put"), harm))
    assert client.enqueue_plain(plainly(), [(job(1), CALL)])
    assert fault.fired == 1
    assert counts(client) == 2
    assert client.enqueue_plain(plainly(), [(job(2), CALL)])
    assert counts(client) == 3


def test_without_an_answer_it_is_uncertain_and_the_next_is_another_producer(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = ready(make_client(proxy.url, timeout=0.4))
    proxy.add(Fault(script("put", "enqueue"), Harm.SWALLOW, times=1000))
    with pytest.raises(EnqueueUncertain) as caught:
        client.enqueue_plain(plainly(), [(job(1), CALL)])
    assert caught.value.job_ids == (job(1),)
    proxy.heal()
    client.ping()
    client.enqueue_plain(plainly(), [(job(2), CALL)])
    assert len(server.admin.keys("*:producer:*")) == 2


def test_a_refusal_is_told_and_the_connection_serves_on(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = ready(make_client(proxy.url))
    faulty = script("put", "enqueue")
    proxy.add(Fault(faulty, Harm.ANSWER, answer="NOPERM no more", times=2))
    with pytest.raises(BrokerRefused):
        client.enqueue_plain(plainly(), [(job(1), CALL)])
    assert client.enqueue_plain(plainly(), [(job(2), CALL)])
    assert counts(client) == 2


def test_a_dead_idle_connection_is_no_reason_for_doubt(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server()
    client = ready(make_client(server.url))
    server.kill()
    assert not client.enqueue_plain(plainly(), [(job(2), CALL)])
    with pytest.raises(BrokerUnavailable):
        client.enqueue(describe(job(2)), "q", [job(2)], timeout=0.1)


def test_lost_scripts_and_a_forgotten_producer_are_no_matter(
    server: Server, make_client: MakeClient
) -> None:
    client, plain = ready(make_client(server.url)), plainly()
    server.admin.script_flush()
    assert client.enqueue_plain(plain, [(job(1), CALL)])
    [key] = server.admin.keys("*:producer:*")
    server.admin.set(key, "7 another 1", ex=60)
    assert client.enqueue_plain(plain, [(job(2), CALL)])
    before = evalshas(server)
    assert client.enqueue_plain(plain, [(job(3), CALL)])
    assert evalshas(server) == before + 1  # the short way again
    assert counts(client) == 4


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # fork beside threads
def test_threads_and_forked_children_are_producers_of_their_own(
    server: Server, make_client: MakeClient
) -> None:
    client, plain = ready(make_client(server.url)), plainly()

    def enqueue(*numbers: int) -> None:
        for number in numbers:
            if not client.enqueue_plain(plain, [(job(number), CALL)]):
                client.enqueue(describe(job(number)), "q", [job(number)])

    threads = [
        threading.Thread(target=enqueue, args=range(100 * n, 100 * n + 50)) for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            enqueue(*range(1000, 1030))
            code = 0
        finally:
            os._exit(code)
    enqueue(*range(2000, 2030))
    assert os.waitpid(child, 0)[1] == 0
    assert counts(client) == 1 + 200 + 60


def test_many_in_one_call_while_something_else_is_done(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client, done = ready(make_client(proxy.url)), []
    jobs = [(job(n), CALL * n) for n in range(1, 201)]
    assert client.enqueue_plain(plainly(), jobs, lambda: done.append(len(proxy.commands)))
    assert len(done) == 1
    assert counts(client) == 201
    proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
    assert client.enqueue_plain(plainly(), [(job(300), CALL), (job(301), CALL)])
    assert counts(client) == 203


def test_what_is_done_meanwhile_may_fail_and_leaves_no_reply_behind(
    server: Server, make_client: MakeClient
) -> None:
    client = ready(make_client(server.url))

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.enqueue_plain(plainly(), [(job(1), CALL)], fail)
    assert not client.enqueue_plain(plainly(), [(job(2), CALL)])  # that connection is closed
    assert counts(ready(client)) >= 1
    assert client.enqueue_plain(plainly(), [(job(2), CALL)])

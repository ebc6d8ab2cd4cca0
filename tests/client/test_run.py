"""Calls on a server that is well."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from streamq import operations
from streamq.client import Client
from streamq.errors import BrokerRefused, DamagedQueue, SchemaMismatch, ScriptError
from streamq.operations import NewJob
from tests.client.small import COUNT, ECHO, GET_SET, KEYS, Line, MakeClient, MakeProxy, call, job
from tests.conftest import MakeServer
from tests.lua.rig import owner
from tests.proxy_faults import Fault, Harm, any_script
from tests.servers import Server


def test_a_call_is_run_and_its_answer_read(any_server: Server, make_client: MakeClient) -> None:
    client = make_client(any_server.url)
    assert client.run(call(GET_SET, "a")) is None
    assert client.run(call(GET_SET, "b", read=lambda reply: reply.decode())) == "a"


def test_a_script_that_the_server_lacks_is_sent_whole(
    server: Server, make_client: MakeClient, make_proxy: MakeProxy
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    assert client.run(call(COUNT)) == 1
    assert client.run(call(COUNT)) == 2
    server.admin.script_flush()
    assert client.run(call(COUNT)) == 3
    assert [proxy.count("EVALSHA"), proxy.count("EVAL"), proxy.count("SCRIPT")] == [3, 2, 0]


def test_many_calls_are_one_pipeline_answered_in_order(
    any_server: Server, make_client: MakeClient
) -> None:
    client = make_client(any_server.url)
    keys = [f"sq:test:{number}" for number in range(20)]
    calls = [call(ECHO, str(number), key=key) for number, key in enumerate(keys)]
    assert client.run_many(calls) == [str(number).encode() for number in range(20)]
    assert client.run_many([]) == []


def test_of_many_calls_the_failed_one_raises_after_the_others_were_done(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url)
    bad = call(Line("return redis.error_reply('ERR no')"))
    with pytest.raises(ScriptError, match=r"lua/line\.lua"):
        client.run_many([call(COUNT), bad, call(COUNT)])
    assert client.run(call(COUNT)) == 3


def test_a_failed_script_is_named_with_its_line_and_no_data(
    server: Server, make_client: MakeClient
) -> None:
    server.admin.set("sq:test", "private", ex=60)
    with pytest.raises(ScriptError) as caught:
        make_client(server.url).run(call(Line("return redis.call('LPUSH', KEYS[1], 'secret')")))
    text = str(caught.value)
    assert "lua/line.lua:1" in text
    assert "wrong kind of value" in text
    assert "secret" not in text
    assert "private" not in text
    assert len(text.splitlines()) <= 6


def test_a_queue_of_another_data_model_is_said_so(server: Server, make_client: MakeClient) -> None:
    line = Line("return redis.error_reply('SCHEMA this queue has data model 2')")
    with pytest.raises(SchemaMismatch, match="data model 2"):
        make_client(server.url).run(call(line))


def test_a_command_may_be_asked_plainly(any_server: Server, make_client: MakeClient) -> None:
    client = make_client(any_server.url)
    assert client.command("PING") == b"PONG"
    assert client.command("SMEMBERS", "sq:none", key="sq:none") == []
    assert asyncio.run(client.command_async("EXISTS", "sq:none", key="sq:none")) == 0


def test_a_command_that_is_not_allowed_says_which_right_is_missing(
    server: Server, make_client: MakeClient
) -> None:
    server.admin.acl_setuser(
        "narrow", enabled=True, passwords=["+pw"], categories=["-@all"], commands=["+ping"]
    )
    url = server.url.replace("unix://", "unix://narrow:pw@")
    with pytest.raises(BrokerRefused, match="ACL SETUSER") as caught:
        make_client(url).command("SMEMBERS", "sq:none")
    assert ":pw@" not in str(caught.value)
    server.admin.acl_deluser("narrow")


@pytest.mark.parametrize("any_server", ["redis70", "valkey9", "cluster"], indirect=True)
def test_a_server_says_what_it_is(any_server: Server, make_client: MakeClient) -> None:
    info = make_client(any_server.url).server_info()
    assert info.flavour == ("redis" if any_server.flavour == "redis70" else "valkey")
    assert info.version == any_server.version
    assert info.cluster == (any_server.flavour == "cluster")
    assert (info.aof, info.appendfsync, info.maxmemory_policy) == (False, "everysec", "noeviction")
    assert len(info.run_id) == 40


def test_threads_share_a_client(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url)
    seen: list[int] = []

    def work() -> None:
        seen.extend(client.run(call(COUNT)) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 401))


def test_no_more_connections_than_asked_for(server: Server, make_client: MakeClient) -> None:
    client = make_client(server.url, options={"max_connections": 2})
    slow = call(Line("return redis.call('PING')"))
    threads = [threading.Thread(target=lambda: client.run(slow)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.admin.client_list()) <= 3  # the test's own is one


def test_the_url_may_change_between_connections(
    server: Server, make_server: MakeServer, make_client: MakeClient
) -> None:
    where = [server.url]
    client = make_client(lambda: where[0])
    client.run(call(COUNT))
    server.admin.client_kill_filter(_type="normal", skipme=True)
    where[0] = make_server().url
    assert client.run(call(COUNT)) == 1  # the other server's first


def test_importing_the_client_does_not_load_redis() -> None:
    program = "import sys, streamq.client; print({'redis', 'asyncio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_a_closed_client_holds_no_connection(server: Server, make_client: MakeClient) -> None:
    client: Client = make_client(server.url)
    client.run(call(COUNT))
    client.close()
    assert len(server.admin.client_list()) == 1
    assert client.run(call(COUNT)) == 2  # and may be used again


def test_a_reply_that_came_twice_is_not_the_next_call_s(
    server: Server, make_client: MakeClient, make_proxy: MakeProxy
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    assert client.run(call(ECHO, "warm")) == b"warm"
    proxy.add(Fault(any_script, Harm.REPEAT_REPLY))
    assert client.run(call(ECHO, "one")) == b"one"
    assert client.run(call(ECHO, "two")) == b"two"

    async def in_a_loop() -> list[bytes]:
        proxy.add(Fault(any_script, Harm.REPEAT_REPLY))
        said = [await client.run_async(call(ECHO, str(number))) for number in range(3)]
        await client.aclose()
        return said

    assert asyncio.run(in_a_loop()) == [b"0", b"1", b"2"]


def test_a_foreign_value_is_named_with_what_to_do(
    any_server: Server, make_client: MakeClient
) -> None:
    owner(any_server, KEYS.key("stream")).set(KEYS.key("stream"), "foreign")
    owner(any_server, KEYS.key("leases")).rpush(KEYS.key("leases"), "foreign")
    client = make_client(any_server.url)
    call_of_a_queue = operations.claim(
        KEYS, worker="w", token="T", lease_ms=1000, limit=1, result_ttl_ms=1000, tasks=()
    )
    with pytest.raises(DamagedQueue) as caught:
        client.run(call_of_a_queue)
    where, what, advice = str(caught.value).splitlines()
    assert "lua/" in where
    assert what == (
        "sq:{streamq:q}:stream holds a string, not a stream, "
        "sq:{streamq:q}:leases holds a list, not a zset."
    )
    assert "Rename or delete" in advice
    owner(any_server, KEYS.key("stream")).delete(KEYS.key("stream"), KEYS.key("leases"))
    assert client.run(call_of_a_queue).jobs == []


def test_a_stream_at_its_largest_id_is_named_with_what_to_do(
    server: Server, make_client: MakeClient
) -> None:
    server.admin.xadd(KEYS.key("stream"), {"i": "x"}, id=f"{2**64 - 1}-{2**64 - 1}")
    client = make_client(server.url)
    with pytest.raises(DamagedQueue, match="largest id"):
        client.enqueue(
            lambda producer, counter: operations.enqueue(
                KEYS, producer=producer, counter=counter, jobs=[NewJob(job(1), "t", b"x")]
            ),
            "q",
            [job(1)],
        )
    server.admin.delete(KEYS.key("stream"))

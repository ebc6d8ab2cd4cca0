"""Enqueues that return only once the job is safe."""

from __future__ import annotations

import asyncio

import pytest

from streamq import operations
from streamq.errors import ConfigurationError, EnqueueUncertain
from tests.client.small import KEYS, MakeClient, MakeProxy, describe, job, words
from tests.conftest import MakeServer
from tests.proxy_faults import Fault, Harm, script
from tests.servers import Server
from tests.waiting import wait_until


def follow(replica: Server, master: Server) -> None:
    port = master.nodes[0].port
    replica.nodes[0].admin.execute_command(  # type: ignore[no-untyped-call]
        "REPLICAOF", "127.0.0.1", port
    )
    wait_until(
        lambda: replica.nodes[0].admin.info("replication").get("master_link_status") == "up",
        "the replica to follow",
        timeout=20,
    )


def test_fsync_waits_for_the_disk(
    make_server: MakeServer, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(make_server("valkey9", appendonly="yes"))
    client = make_client(proxy.url, durability="fsync")
    assert words(client.enqueue(describe(job(1)), "q", [job(1)])) == ["OK"]
    answer = asyncio.run(client.enqueue_async(describe(job(2)), "q", [job(2)]))
    assert words(answer) == ["OK"]
    sent = [command.name for command in proxy.commands]
    assert sent.count("WAITAOF") == sent.count("EVALSHA") + sent.count("EVAL") == 2


def test_fsync_on_an_older_server_is_granted_where_each_write_is_synced(
    make_server: MakeServer, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(make_server("redis70", appendonly="yes", appendfsync="always"))
    client = make_client(proxy.url, durability="fsync")
    assert words(client.enqueue(describe(job(1)), "q", [job(1)])) == ["OK"]
    assert proxy.count("WAITAOF") == 0


@pytest.mark.parametrize(
    ("flavour", "options", "why"),
    [
        ("redis70", {"appendonly": "yes"}, "before Redis 7.2"),
        ("valkey9", {"appendonly": "no"}, "writes no append-only file"),
        ("valkey9", {"appendonly": "yes", "appendfsync": "no"}, "leaves syncing to its system"),
    ],
)
def test_fsync_that_cannot_be_had_is_refused_before_anything_is_sent(
    make_server: MakeServer,
    make_client: MakeClient,
    flavour: str,
    options: dict[str, str],
    why: str,
) -> None:
    server = make_server(flavour, **options)
    client = make_client(server.url, durability="fsync")
    with pytest.raises(ConfigurationError, match=why):
        client.enqueue(describe(job(1)), "q", [job(1)])
    assert server.admin.dbsize() == 0


def test_too_few_replicas_leave_the_job_queued_but_unconfirmed(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url, durability="replica:1")
    with pytest.raises(EnqueueUncertain, match="0 of 1 replicas") as caught:
        client.enqueue(describe(job(1)), "q", [job(1)], timeout=0.5)
    assert "in the queue" in str(caught.value)
    assert client.run(operations.count(KEYS))["enqueued"] == 1


@pytest.mark.no_audit("a replica is read-only")
def test_a_replica_confirms_and_one_that_hangs_does_not(
    make_server: MakeServer, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    master = make_server(tcp=True, repl_diskless_sync_delay=0)
    replica = make_server()
    follow(replica, master)
    proxy = make_proxy(master)
    client = make_client(proxy.url, durability="replica:1")
    assert words(client.enqueue(describe(job(1)), "q", [job(1)])) == ["OK"]
    replica.pause()
    # The repeat comes on a connection that has written nothing: it must wait all the same.
    proxy.add(Fault(script("enqueue"), Harm.DROP_REPLY))
    with pytest.raises(EnqueueUncertain, match="0 of 1 replicas"):
        client.enqueue(describe(job(2)), "q", [job(2)], timeout=1)
    replica.resume()
    assert words(client.enqueue(describe(job(3)), "q", [job(3)])) == ["OK"]


@pytest.mark.parametrize("setting", ["replica:0", "replica", "always", ""])
def test_a_durability_nobody_knows_is_refused(make_client: MakeClient, setting: str) -> None:
    with pytest.raises(ConfigurationError, match="durability"):
        make_client("redis://localhost", durability=setting)

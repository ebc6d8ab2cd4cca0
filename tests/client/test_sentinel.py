"""A master found through its sentinels, and found again after a failover."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis

from streamq.errors import BrokerUnavailable
from tests.client.small import COUNT, MakeClient, call
from tests.client.test_durability import follow
from tests.conftest import MakeServer
from tests.servers import free_port
from tests.servers_pool import valkey_binary
from tests.servers_process import end, remove_folder, spawn, temporary_folder
from tests.waiting import wait_until

SETTINGS = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor mymaster 127.0.0.1 {master} 1
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 3000
"""


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as ends:
        yield ends


def watch(master: int, ends: ExitStack) -> int:
    """Start a sentinel that watches the server at this port; returns its own."""
    folder, port = temporary_folder(), free_port()
    settings = folder / "sentinel.conf"
    settings.write_text(SETTINGS.format(port=port, folder=folder, master=master))
    binary = valkey_binary()
    assert binary is not None
    ends.callback(remove_folder, folder)
    process = spawn([binary, settings, "--sentinel"], output=folder / "log")
    ends.callback(end, process)
    return port


def can_be_reached(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def knows_a_replica(sentinel: redis.Redis) -> bool:
    return bool(sentinel.execute_command("SENTINEL", "REPLICAS", "mymaster"))  # type: ignore[no-untyped-call]


@pytest.mark.slow
@pytest.mark.no_audit("a replica is read-only")
def test_a_failover_is_followed(
    make_server: MakeServer, make_client: MakeClient, ends: ExitStack
) -> None:
    old = make_server(tcp=True)
    new = make_server(tcp=True)
    follow(new, old)
    port = watch(old.nodes[0].port, ends)
    sentinel = redis.Redis(port=port, protocol=2, decode_responses=True)
    ends.callback(sentinel.close)

    wait_until(lambda: can_be_reached(port), "the sentinel to start")
    client = make_client(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/mymaster/0")
    assert client.run(call(COUNT)) == 1
    wait_until(lambda: new.admin.get("sq:test") == b"1", "the replica to have it")
    # It asks each server for its replicas only every ten seconds.
    sentinel.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", 100)  # type: ignore[no-untyped-call]
    wait_until(lambda: knows_a_replica(sentinel), "the sentinel to know the replica", timeout=25)
    old.kill()
    assert client.run(call(COUNT), timeout=25) == 2
    assert asyncio.run(client.run_async(call(COUNT), timeout=10)) == 3
    with pytest.raises(BrokerUnavailable, match="know no master 'other'"):
        make_client(f"redis+sentinel://127.0.0.1:{port}/other").ping()

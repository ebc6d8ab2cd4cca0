"""What a server can do to its clients: each a cause, and what ends it.

A trouble that needs a hand to end it yields, and the hand comes after the `yield`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import redis

from streamq.keys import GROUP, NAMES, QueueKeys, type_of
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, any_script, named
from tests.servers import Server

HOLD_S = 1.2  # how long a trouble lasts that ends by a hand
Trouble = Callable[[Server, Proxy, QueueKeys], Any]  # a context manager
TROUBLES: dict[str, Trouble] = {}


def trouble(function: Callable[[Server, Proxy, QueueKeys], Iterator[None]]) -> None:
    TROUBLES[function.__name__.replace("_", " ")] = contextmanager(function)


@trouble
def scripts_flushed(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    until = time.monotonic() + HOLD_S
    while time.monotonic() < until:
        server.admin.script_flush()
        time.sleep(0.005)
    yield


@trouble
def flushall(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.flushall()
    yield


@trouble
def stream_deleted(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.delete(keys.key("stream"))
    yield


@trouble
def group_destroyed(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.xgroup_destroy(keys.key("stream"), GROUP)
    yield


@trouble
def stream_at_its_largest_id(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.xadd(keys.key("stream"), {"i": "nobody"}, id=f"{2**64 - 1}-{2**64 - 1}")
    yield
    server.admin.delete(keys.key("stream"))  # as the message says


@trouble
def connections_killed(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    for _ in range(10):
        server.admin.client_kill_filter(_type="normal", skipme=True)
        time.sleep(0.05)
    yield


@trouble
def read_only(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.replicaof("127.0.0.1", "1")
    yield
    server.admin.replicaof("NO", "ONE")


@trouble
def too_few_replicas(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    server.admin.config_set("min-replicas-to-write", 1)
    yield
    server.admin.config_set("min-replicas-to-write", 0)


@trouble
def disk_full(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    """A snapshot that can't be written, and so no writes: MISCONF."""
    blocker = Path(server.nodes[0].folder) / "blocked.rdb"
    blocker.mkdir()
    server.admin.config_set("dbfilename", blocker.name)
    server.admin.config_set("save", "3600 1")
    _snapshot(server, "err")
    yield
    blocker.rmdir()
    _snapshot(server, "ok")
    server.admin.config_set("save", "")


def _snapshot(server: Server, wanted: str) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(redis.ResponseError):  # one goes on
            server.admin.bgsave()
        if server.admin.info("persistence")["rdb_last_bgsave_status"] == wanted:
            return
        time.sleep(0.05)
    raise AssertionError(f"no snapshot ended with {wanted}")


@trouble
def a_long_script(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    """Somebody's, over the limit: BUSY."""
    server.admin.config_set("lua-time-limit", 50)
    loop = "local n = 0 while n < 1e13 do n = n + 1 end"
    other = redis.Redis(unix_socket_path=str(server.address), socket_timeout=60)

    def run() -> None:
        with suppress(redis.RedisError):
            other.eval(loop, 0)

    busy = Thread(target=run)
    busy.start()
    yield
    with suppress(redis.ResponseError):
        server.admin.script_kill()
    busy.join(20)
    other.close()


@trouble
def password_changed(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    """And everybody's connection closed, so that they see it."""
    server.admin.config_set("requirepass", "new")
    server.admin.client_kill_filter(_type="normal", skipme=True)
    yield
    server.admin.config_set("requirepass", "")


@trouble
def paused(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
    """Longer than the lease."""
    server.pause()
    yield
    server.resume()


def _answered(word: str) -> None:
    def answered(server: Server, proxy: Proxy, keys: QueueKeys) -> Iterator[None]:
        for when in (any_script, named("BLPOP")):
            proxy.add(Fault(when, Harm.ANSWER, times=10**6, answer=word))
        yield
        proxy.heal()

    TROUBLES[f"answered {word.partition(' ')[0]}"] = contextmanager(answered)


for _word in (
    "LOADING Redis is loading the dataset in memory",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "NOREPLICAS Not enough good replicas to write.",
    "MISCONF Errors writing to the AOF file: No space left on device",
):
    _answered(_word)


class Foreign:
    """A key of the queue that something else has taken for itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def __call__(self, server: Server, _: Proxy, keys: QueueKeys) -> Iterator[None]:
        key, admin = keys.key(self.name), server.admin
        admin.delete(key)
        if type_of(key) == "string":
            admin.rpush(key, "foreign")
        else:
            admin.set(key, "foreign")
        before = admin.dump(key)
        yield
        assert admin.dump(key) == before, f"{key} was overwritten"
        admin.delete(key)


FOREIGN = {name: Foreign(name) for name in NAMES}

"""The suite's own servers, proxy and audit do what the other tests rely on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import redis

from tests.auditing import assert_audit_clean
from tests.conftest import MakeServer
from tests.proxy import Proxy
from tests.proxy_faults import Fault, Harm, named, nth
from tests.servers import NO_RETRIES, Server
from tests.servers_process import Watchdog
from tests.waiting import wait_until

MakeProxy = Callable[..., Proxy]


def test_every_flavour_answers_and_starts_empty(any_server: Server) -> None:
    assert any_server.admin.ping()
    assert any_server.admin.dbsize() == 0
    any_server.admin.set("left", "behind", ex=60)
    assert any_server.version >= (7, 0)


def test_clean_puts_the_configuration_back(server: Server) -> None:
    server.admin.config_set("maxmemory", "100mb")
    server.clean()
    assert server.admin.config_get("maxmemory")["maxmemory"] == "0"


@pytest.mark.parametrize("any_server", ["acl"], indirect=True)
def test_the_narrow_user_is_narrow(any_server: Server) -> None:
    with redis.Redis.from_url(any_server.url, retry=NO_RETRIES) as user:
        assert user.ping()
        user.set("sq:{n:q}:x", "1", ex=60)
        with pytest.raises(redis.exceptions.NoPermissionError):
            user.set("other", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            user.keys("*")


@pytest.mark.parametrize("appendonly", ["no", "yes"])
def test_a_restart_keeps_the_data_and_the_address(make_server: MakeServer, appendonly: str) -> None:
    server = make_server(appendonly=appendonly)
    server.admin.set("x", "1", ex=600)
    pid, url = server.pid, server.url
    server.restart()
    assert server.admin.get("x") == b"1"
    assert (server.pid != pid, server.url) == (True, url)


def test_a_killed_server_keeps_what_was_on_disk(make_server: MakeServer) -> None:
    server = make_server(appendonly="yes", appendfsync="always", tcp=True)
    server.admin.set("x", "1", ex=600)
    server.kill()
    assert not server.alive
    server.start()
    assert server.admin.get("x") == b"1"


def test_a_cluster_restarts_with_its_slots(make_server: MakeServer) -> None:
    server = make_server("cluster", appendonly="yes")
    server.admin.set("x", "1", ex=600)
    server.restart()
    assert server.admin.get("x") == b"1"


def test_a_server_with_a_password_refuses_without(make_server: MakeServer) -> None:
    server = make_server(tcp=True, password="secret")
    assert server.admin.ping()
    nobody = redis.Redis(port=server.nodes[0].port, retry=NO_RETRIES)
    with nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()


def test_what_is_left_behind_is_named(server: Server) -> None:
    server.admin.set("forgotten", "1")
    with pytest.raises(AssertionError, match="left behind: forgotten"):
        assert_audit_clean(server.admin)
    server.admin.delete("forgotten")


def test_a_broken_queue_is_named(any_server: Server) -> None:
    key = "sq:{streamq:default}:state"
    any_server.admin.hset(key, "no-such-job", "D 1 0 0 failed")
    with pytest.raises(AssertionError, match="no-such-job"):
        assert_audit_clean(any_server.admin)
    any_server.admin.delete(key)


def test_servers_die_with_the_test_process(tmp_path: Path) -> None:
    program = (
        "import os, signal\n"
        "from tests.servers_pool import start\n"
        "server = start()\n"
        "print(server.pid, server.nodes[0].folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parent.parent
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, check=False
    )
    pid, folder = ran.stdout.split()
    wait_until(lambda: not _runs(int(pid)), "the orphaned server to die")
    wait_until(lambda: not Path(folder.decode()).exists(), "its folder to go")


def test_who_has_got_a_dead_ones_number_lives_on() -> None:
    with subprocess.Popen(["sleep", "60"]) as other:  # in our group, as nothing is that we watch
        watchdog = Watchdog()
        watchdog.tell("pid", other.pid)
        watchdog.finish()
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.3)
        other.kill()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _client(proxy: Proxy, **options: float) -> redis.Redis:
    return redis.Redis.from_url(proxy.url, retry=NO_RETRIES, protocol=2, **options)


LOST = [Harm.CLOSE_BEFORE, Harm.CUT_REQUEST]
DONE = [Harm.CLOSE_AFTER, Harm.DROP_REPLY, Harm.CUT_REPLY, Harm.RESET_REPLY]


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("harm", LOST + DONE)
def test_a_harmed_command_is_done_or_not_as_said(
    server: Server, make_server: MakeServer, make_proxy: MakeProxy, harm: Harm, tcp: bool
) -> None:
    proxy = make_proxy(server, tcp=tcp)
    fault = proxy.add(Fault(named("INCRBY"), harm))
    with _client(proxy) as client:
        client.set("n", 0, ex=60)
        with pytest.raises(redis.ConnectionError):
            client.incr("n")
        expected = b"1" if harm in DONE else b"0"
        wait_until(lambda: server.admin.get("n") == expected, "the server to have done it")
        assert client.incr("n") == int(expected) + 1  # the connection after it is whole
    assert (fault.fired, proxy.count("INCRBY")) == (1, 2)


def test_replies_are_swallowed_delayed_and_made_up(server: Server, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(server)
    with _client(proxy, socket_timeout=0.2) as client:
        client.ping()
        for fault in (
            Fault(named("INCRBY"), Harm.SWALLOW),
            Fault(named("INCRBY"), Harm.DELAY, seconds=5),
        ):
            proxy.add(fault)
            with pytest.raises(redis.TimeoutError):
                client.incr("n")
        assert server.admin.get("n") == b"2"
        proxy.add(Fault(named("INCRBY"), Harm.ANSWER, answer="READONLY you can't write here"))
        with pytest.raises(redis.exceptions.ReadOnlyError):
            client.incr("n")
        assert client.incr("n") == 3
        assert client.delete("n") == 1


def test_a_proxy_goes_down_and_comes_back(server: Server, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(server, tcp=True)
    with _client(proxy, socket_timeout=0.2) as client:
        client.ping()
        proxy.down()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        proxy.up()
        assert client.ping()
        proxy.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        proxy.resume()
        proxy.drop_connections()
        assert client.ping()


def test_faults_fit_by_number_and_are_used_up(server: Server, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(server)
    with _client(proxy) as client:
        client.ping()
        proxy.add(Fault(nth(len(proxy.commands) + 2), Harm.ANSWER, answer="ERR told to"))
        assert client.ping()
        with pytest.raises(redis.ResponseError, match="told to"):
            client.ping()
        assert client.ping()


def test_messages_pass_the_proxy(server: Server, make_proxy: MakeProxy) -> None:
    proxy = make_proxy(server)
    for protocol in (2, 3):
        with redis.Redis.from_url(proxy.url, protocol=protocol) as client, client.pubsub() as sub:
            sub.subscribe("sq:channel")
            wait_until(partial(sub.get_message, timeout=1), "the subscription")
            server.admin.publish("sq:channel", "hello")
            got = wait_until(partial(sub.get_message, timeout=1), "the message")
            assert got["data"] == b"hello"


def test_a_server_in_a_container_answers(container: str) -> None:
    with redis.Redis.from_url(container) as client:
        assert client.ping()


def test_nothing_listens_on_the_usual_port_for_us(server: Server) -> None:
    assert server.nodes[0].port == 0
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(server.nodes[0].socket))
    began = time.monotonic()
    with pytest.raises(AssertionError, match=r"waited 0\.1 s for nothing; last seen: False"):
        wait_until(lambda: False, "nothing", timeout=0.1)
    assert time.monotonic() - began < 2

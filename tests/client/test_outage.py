"""Calls on servers that are away, ill or slow to say so."""

from __future__ import annotations

import threading
import time

import pytest

from streamq.errors import BrokerRefused, BrokerUnavailable
from tests.client.small import COUNT, ECHO, MakeClient, MakeProxy, call
from tests.conftest import MakeServer
from tests.proxy_faults import Fault, Harm, any_script
from tests.servers import Server, free_port
from tests.waiting import BUSY_S, wait_until

LOSSES = [
    Harm.CLOSE_BEFORE,
    Harm.CUT_REQUEST,
    Harm.CLOSE_AFTER,
    Harm.DROP_REPLY,
    Harm.CUT_REPLY,
    Harm.RESET_REPLY,
]


@pytest.mark.parametrize("harm", LOSSES, ids=lambda harm: harm.name)
@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])
def test_a_call_lost_on_the_way_is_asked_again(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, harm: Harm, tcp: bool
) -> None:
    proxy = make_proxy(server, tcp=tcp)
    fault = proxy.add(Fault(any_script, harm))
    client = make_client(proxy.url)
    assert client.run(call(ECHO, "a")) == b"a"
    assert client.run(call(ECHO, "b")) == b"b"
    assert fault.fired == 1


def test_a_server_that_is_away_is_tried_for_without_looking_at_the_disk(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    assert client.run(call(ECHO, "a")) == b"a"
    looks: list[str] = []

    def version(name: str) -> str:
        looks.append(name)
        return "8"

    monkeypatch.setattr("importlib.metadata.version", version)
    proxy.down()
    with pytest.raises(BrokerUnavailable):
        client.run(call(ECHO, "b"), timeout=0.2)
    assert looks == []


def test_a_reply_that_comes_too_late_is_not_read_as_anothers(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    proxy.add(Fault(any_script, Harm.DELAY, seconds=0.3))
    client = make_client(proxy.url)
    with pytest.raises(BrokerUnavailable):
        client.run(call(ECHO, "late"), timeout=0.1)
    assert [client.run(call(ECHO, str(n))) for n in range(5)] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_reply_that_never_comes_leaves_time_for_another_try(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    proxy.add(Fault(any_script, Harm.SWALLOW))
    assert make_client(proxy.url, timeout=2.0).run(call(ECHO, "a")) == b"a"


@pytest.mark.parametrize(
    "answer",
    [
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script.",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN Hash slot not served",
        "MASTERDOWN Link with MASTER is down",
        "NOREPLICAS Not enough good replicas to write.",
        "MISCONF Errors writing to the AOF file",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.",
        "ERR max number of clients reached",
    ],
)
def test_weather_is_waited_out(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient, answer: str
) -> None:
    proxy = make_proxy(server)
    proxy.add(Fault(any_script, Harm.ANSWER, times=2, answer=answer))
    assert make_client(proxy.url).run(call(COUNT)) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        ("LOADING …", BrokerUnavailable, "still loading"),
        ("OOM …", BrokerRefused, "out of memory"),
        ("MISCONF …", BrokerRefused, "can't save to its disk"),
        ("READONLY …", BrokerRefused, "read-only replica"),
        ("MOVED 1 127.0.0.1:1", BrokerRefused, r"redis\+cluster://"),
        ("NOAUTH Authentication required.", BrokerRefused, "wants a password"),
        ("ERR unknown command 'EVALSHA'", BrokerRefused, "unknown command"),
    ],
)
def test_at_the_deadline_the_error_says_what_to_do(
    server: Server,
    make_proxy: MakeProxy,
    make_client: MakeClient,
    refusal: tuple[str, type[Exception], str],
) -> None:
    answer, error, words = refusal
    proxy = make_proxy(server)
    proxy.add(Fault(any_script, Harm.ANSWER, times=1000, answer=answer))
    with pytest.raises(error, match=words) as caught:
        make_client(proxy.url, timeout=0.05).run(call(COUNT))
    assert len(str(caught.value).splitlines()) <= 6
    assert type(caught.value).__module__ == "streamq.errors"


def test_a_server_that_comes_back_is_found_again(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    client = make_client(proxy.url)
    client.run(call(COUNT))
    proxy.down()
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(client.run(call(COUNT))))
    thread.start()
    proxy.up()
    thread.join()
    assert answers == [2]


def test_a_killed_and_restarted_server_is_found_again(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server(appendonly="yes", appendfsync="always")
    client = make_client(server.url)
    client.run(call(COUNT))
    server.kill()
    server.start()
    assert client.run(call(COUNT)) == 2


@pytest.mark.parametrize("scheme", ["redis", "redis+sentinel", "redis+cluster"])
def test_no_server_is_reported_within_a_second(make_client: MakeClient, scheme: str) -> None:
    service = "/mymaster" if scheme == "redis+sentinel" else ""
    client = make_client(f"{scheme}://:hunter2@127.0.0.1:{free_port()}{service}")
    client.where  # noqa: B018 - loads nothing
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="No server answers") as caught:
        client.ping(1.0)
    assert time.monotonic() - started < 1 + BUSY_S
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 6


def test_a_server_that_hangs_is_reported_within_a_second(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url)
    server.pause()
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        client.ping(0.5)
    assert time.monotonic() - started < 1 + BUSY_S
    server.resume()
    client.ping()


def test_a_missing_password_and_a_wrong_one_are_told_apart(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server(password="right")
    with pytest.raises(BrokerRefused, match="wants a password"):
        make_client(server.url.replace(":right@", "")).ping()
    with pytest.raises(BrokerRefused, match="refused the user name or password") as caught:
        make_client(server.url.replace("right", "wrong")).run(call(COUNT))
    assert "wrong" not in str(caught.value)
    assert make_client(server.url).run(call(COUNT)) == 1


def test_something_that_is_no_redis_is_said_so(make_client: MakeClient) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        client = make_client(f"redis://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(BrokerRefused, match="no Redis or Valkey"):
            client.ping()
        thread.join()


def test_a_connection_the_server_closed_while_idle_costs_no_error(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client(server.url, timeout=0.5)
    client.run(call(COUNT))
    server.admin.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: len(server.admin.client_list()) == 1, "the connection to close")
    assert client.run(call(COUNT)) == 2

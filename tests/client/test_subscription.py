"""Listening to a channel in a thread."""

from __future__ import annotations

import threading
import time

import pytest

from streamq.client import subscription as module
from streamq.errors import BrokerRefused, BrokerUnavailable
from tests.client.small import MakeClient, MakeProxy
from tests.conftest import MakeServer
from tests.servers import Server, free_port
from tests.waiting import BUSY_S

CHANNEL = "sq:streamq:reply:me"


def test_what_is_published_after_open_is_heard(any_server: Server, make_client: MakeClient) -> None:
    listener = make_client(any_server.url).subscription([CHANNEL, "sq:other"])
    listener.open()
    for number in range(3):
        any_server.nodes[-1].admin.publish(CHANNEL, f"{number}")
    assert [listener.listen(5) for _ in range(3)] == [
        (CHANNEL, b"0"),
        (CHANNEL, b"1"),
        (CHANNEL, b"2"),
    ]
    assert listener.listen(0.01) is None
    assert listener.generation == 1
    listener.close()


def test_closing_ends_listening_at_once(server: Server, make_client: MakeClient) -> None:
    listener = make_client(server.url).subscription([CHANNEL])
    listener.open()
    heard: list[object] = []
    thread = threading.Thread(target=lambda: heard.append(listener.listen(30)))
    thread.start()
    listener.close()
    thread.join(5)
    assert heard == [None]
    assert listener.is_closed
    assert len(server.admin.client_list()) == 1


def test_a_new_connection_is_told_by_the_generation(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    listener = make_client(proxy.url).subscription([CHANNEL])
    listener.open()
    proxy.drop_connections()
    assert listener.listen(5) is None
    assert listener.generation == 2
    server.admin.publish(CHANNEL, "again")
    assert listener.listen(5) == (CHANNEL, b"again")
    listener.close()


def test_an_outage_is_waited_out(
    server: Server, make_proxy: MakeProxy, make_client: MakeClient
) -> None:
    proxy = make_proxy(server)
    listener = make_client(proxy.url).subscription([CHANNEL])
    listener.open()
    proxy.down()
    assert listener.listen(0.1) is None
    assert listener.generation == 1
    proxy.up()
    assert listener.listen(5) is None
    assert listener.generation == 2
    listener.close()


def test_a_line_that_died_in_silence_is_noticed(
    server: Server,
    make_proxy: MakeProxy,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "QUIET_S", 0.05)
    monkeypatch.setattr(module, "PONG_S", 0.05)
    proxy = make_proxy(server)
    listener = make_client(proxy.url).subscription([CHANNEL])
    listener.open()
    assert listener.listen(0.2) is None
    assert listener.generation == 1  # the server answered when asked
    proxy.pause()
    thread = threading.Timer(0.3, proxy.resume)
    thread.start()
    while listener.generation == 1:
        listener.listen(0.5)
    thread.join()
    listener.close()


def test_no_server_is_an_error_in_time(make_client: MakeClient) -> None:
    listener = make_client(f"redis://127.0.0.1:{free_port()}").subscription([CHANNEL])
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable):
        listener.open(0.2)
    assert time.monotonic() - started < BUSY_S
    listener.close()


def test_a_wrong_password_is_raised(make_server: MakeServer, make_client: MakeClient) -> None:
    server = make_server(password="right")
    listener = make_client(server.url.replace("right", "wrong")).subscription([CHANNEL])
    with pytest.raises(BrokerRefused, match="password"):
        listener.listen(5)
    listener.close()

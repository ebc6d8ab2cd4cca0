"""An application of production, on a test's own server for a while."""

from __future__ import annotations

import os
import signal

import pytest

from streamq import StreamQ, embedded
from streamq.embedded import EmbeddedServer
from streamq.settings import Source
from streamq.testing import (
    assert_enqueued,
    assert_nothing_lost,
    enqueued,
    on_server,
    private_server,
)
from tests.testing import shop
from tests.waiting import wait_until


def test_it_is_there_inside_and_where_it_was_after(streamq_server: EmbeddedServer) -> None:
    with on_server(shop.app, streamq_server.url) as app:
        assert app is shop.app
        assert app.conf.broker == streamq_server.url
        assert app.conf.durability is None  # no replica here
        assert shop.add.delay(1).state == "waiting"
        assert_nothing_lost(app)
    assert shop.app.conf.broker == "redis://server-of-production"
    assert shop.app.conf.namespace == "production"
    assert shop.app.conf.source("broker") is Source.CODE


def test_each_time_it_finds_an_empty_server(streamq_server: EmbeddedServer) -> None:
    for _ in range(2):
        with on_server(shop.app, streamq_server.url):
            assert enqueued(shop.app) == []
            shop.add.delay(1)
            shop.greet.options(countdown=60, idempotency_key="once").delay("Ada")
    keeper = StreamQ("keeper", broker=streamq_server.url)
    assert keeper.client.command("DBSIZE") == 0
    keeper.close()


def test_two_at_once_do_not_see_each_other(streamq_server: EmbeddedServer) -> None:
    other = StreamQ("other")
    with on_server(shop.app, streamq_server.url), on_server(other, streamq_server.url):
        shop.add.delay(1)
        assert len(enqueued(shop.app)) == 1
        assert enqueued(other) == []


def test_a_namespace_that_is_named_is_shared_and_left(streamq_server: EmbeddedServer) -> None:
    other = StreamQ("other")
    url = streamq_server.url
    with on_server(shop.app, url, namespace="both"):
        shop.add.delay(1)
        with on_server(other, url, namespace="both"):
            assert_enqueued(other, "tests.testing.shop.add", args=(1,), times=1)
    with on_server(other, url, namespace="both"):
        assert len(enqueued(other)) == 1
        other.client.command("FLUSHALL")


def _stopped_under_way() -> None:
    with private_server() as server, on_server(shop.app, server.url):
        shop.add.delay(1)
        embedded.stop(server.data_dir)
        raise ZeroDivisionError


def test_a_server_that_ended_meanwhile_hides_no_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        _stopped_under_way()
    assert shop.app.conf.namespace == "production"


def test_the_server_ends_with_its_data() -> None:
    with private_server() as server:
        assert server.data_dir.exists()
        pid = server.pid
    assert not server.data_dir.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_server_of_a_run_is_never_idle(streamq_server: EmbeddedServer) -> None:
    status = embedded.status(streamq_server.data_dir)
    assert status is not None
    assert status.clients >= 1


def test_its_keeper_starts_it_again_after_a_crash() -> None:
    with private_server() as server, on_server(shop.app, server.url) as app:
        shop.add.delay(1)
        os.kill(server.pid, signal.SIGKILL)

        def is_back() -> bool:
            now = embedded.status(server.data_dir)
            return now is not None and now.running and now.pid != server.pid

        wait_until(is_back, "its keeper to start it again", timeout=10)
        assert_enqueued(app, shop.add, times=1)

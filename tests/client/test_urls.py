"""Broker URLs, taken apart."""

from __future__ import annotations

import pytest

from streamq.client.urls import Kind, parse_url
from streamq.errors import ConfigurationError


def test_a_server() -> None:
    found = parse_url("redis://me:p%40ss@example.com:6390/3?socket_keepalive=no")
    assert (found.kind, found.nodes, found.tls) == (Kind.SERVER, (("example.com", 6390),), False)
    assert found.settings == {
        "username": "me",
        "password": "p@ss",
        "db": "3",
        "socket_keepalive": "no",
    }
    assert found.shown == "redis://me:***@example.com:6390/3?socket_keepalive=no"


@pytest.mark.parametrize(
    ("url", "tls", "nodes"),
    [
        ("redis://", False, (("localhost", 6379),)),
        ("valkey://[::1]:1/0", False, (("::1", 1),)),
        ("rediss://h", True, (("h", 6379),)),
        ("valkeys://h", True, (("h", 6379),)),
        ("redis+cluster://a:1,b", False, (("a", 1), ("b", 6379))),
        ("rediss+cluster://a", True, (("a", 6379),)),
        ("redis+sentinel://a,b:2/m/0", False, (("a", 26379), ("b", 2))),
    ],
)
def test_where_it_is(url: str, tls: bool, nodes: tuple[tuple[str, int], ...]) -> None:
    found = parse_url(url)
    assert (found.tls, found.nodes) == (tls, nodes)


def test_a_socket() -> None:
    found = parse_url("unix://:secret@/run/a%20b.sock?db=2")
    assert (found.kind, found.path) == (Kind.SOCKET, "/run/a b.sock")
    assert found.settings == {"password": "secret", "db": "2"}


def test_sentinels() -> None:
    found = parse_url("redis+sentinel://:secret@a:1,b:2/mymaster/5?sentinel_password=other")
    assert (found.kind, found.service) == (Kind.SENTINEL, "mymaster")
    assert found.settings == {"password": "secret", "sentinel_password": "other", "db": "5"}
    assert "secret" not in found.shown
    assert "other" not in found.shown


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:6379", "no broker URL"),
        ("http://localhost", "no broker URL"),
        ("redis://h:port", "port must be a number"),
        ("redis://h:66000", "no port"),
        ("redis://h/shop", "database must be a number"),
        ("unix://", "names no socket"),
        ("redis+sentinel://h", "names no master"),
        ("redis://:hunter2@h:x", "port must be a number"),
        ("redis://:hunter2/x@h", "database must be a number.\nIn a password write / as %2F"),
        ("redis://u:\nhunter2@h:x", "port must be a number"),
        ("amqp://u:\nhunter2@h", "no broker URL"),
    ],
)
def test_a_mistake_is_named_and_no_password_shown(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 6

"""Addresses of servers: what a broker URL says, without asking anyone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from streamq.broker_url import redact_url
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIS_PORT = 6379
SENTINEL_PORT = 26379
MAX_PORT = 65535


class Kind(Enum):
    """How the server that takes our calls is found."""

    SERVER = "server"  # one address
    SOCKET = "socket"  # one path
    SENTINEL = "sentinel"  # ask the sentinels for the master
    CLUSTER = "cluster"  # any node tells where each slot lives


SCHEMES = {
    "redis": (Kind.SERVER, False),
    "valkey": (Kind.SERVER, False),
    "rediss": (Kind.SERVER, True),
    "valkeys": (Kind.SERVER, True),
    "unix": (Kind.SOCKET, False),
    "redis+socket": (Kind.SOCKET, False),
    "redis+sentinel": (Kind.SENTINEL, False),
    "valkey+sentinel": (Kind.SENTINEL, False),
    "rediss+sentinel": (Kind.SENTINEL, True),
    "valkeys+sentinel": (Kind.SENTINEL, True),
    "redis+cluster": (Kind.CLUSTER, False),
    "valkey+cluster": (Kind.CLUSTER, False),
    "rediss+cluster": (Kind.CLUSTER, True),
    "valkeys+cluster": (Kind.CLUSTER, True),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker URL, taken apart."""

    kind: Kind
    shown: str  # the URL with its password replaced: safe in logs and errors
    nodes: tuple[tuple[str, int], ...] = ()  # host and port; empty for a socket
    path: str = ""  # of the socket
    tls: bool = False
    service: str = ""  # the master's name among the sentinels
    settings: Mapping[str, str] = field(default_factory=dict)  # username, password, db, query


def parse_url(url: str) -> Address:
    """Take a broker URL apart; a ConfigurationError says what is wrong with it."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise ConfigurationError(
            f"{redact_url(url)!r} is no broker URL.\n"
            "Known are redis://, rediss://, unix://, valkey://, valkeys://, redis+sentinel:// and "
            "redis+cluster://,\nfor example redis://localhost:6379/0."
        )
    kind, tls = SCHEMES[scheme]
    try:
        parts = urlsplit(url)
    except ValueError as error:  # of brackets, mostly
        raise ConfigurationError(
            f"{redact_url(url)!r} is no broker URL: {error}.\nFor example redis://localhost:6379/0."
        ) from None
    login, _, hosts = parts.netloc.rpartition("@")
    settings = dict(parse_qsl(parts.query)) | _login(login)
    if kind is Kind.SOCKET:
        if not parts.path.strip("/"):
            raise ConfigurationError(
                f"{redact_url(url)!r} names no socket: unix:///path/to/socket."
            )
        return Address(kind, redact_url(url), path=unquote(parts.path), settings=settings)
    path = [unquote(piece) for piece in parts.path.split("/") if piece]
    service = ""
    if kind is Kind.SENTINEL:
        if not path:
            raise ConfigurationError(
                f"{redact_url(url)!r} names no master: redis+sentinel://host:26379/MASTER/0."
            )
        service = path.pop(0)
    if path and "db" not in settings:
        settings["db"] = _number(path[0], url, "database")
    default_port = SENTINEL_PORT if kind is Kind.SENTINEL else REDIS_PORT
    nodes = tuple(_node(host, default_port, url) for host in hosts.split(","))
    return Address(kind, redact_url(url), nodes, "", tls, service, settings)


def _login(login: str) -> dict[str, str]:
    user, _, password = login.partition(":")
    found = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in found.items() if value}


def _node(text: str, default_port: int, url: str) -> tuple[str, int]:
    """`host`, `host:port`, `[::1]:port` or nothing at all (this machine)."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    number = int(_number(port, url, "port")) if port else default_port
    if number > MAX_PORT:
        raise ConfigurationError(f"{redact_url(url)!r}: {number} is no port.")
    return unquote(host) or "localhost", number


_MOST_DIGITS = 9


def _number(text: str, url: str, what: str) -> str:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        # Not the text itself: a "/", "?" or "#" in a password makes a part of it look like a port.
        hint = "\nIn a password write / as %2F, ? as %3F, # as %23." if "@" in url else ""
        raise ConfigurationError(f"{redact_url(url)!r}: the {what} must be a number.{hint}")
    return text

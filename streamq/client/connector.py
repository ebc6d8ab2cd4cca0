"""Makes connections out of addresses: TLS, passwords, sentinels, and redis-py's options.

Imports redis-py, so it's imported late. redis-py's own retries are off: it repeats
commands that may have been done (see `conversation.py` for ours).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import redis.asyncio.connection as asynchronous
import redis.connection as blocking
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TooSlow
from redis.retry import Retry

from streamq.client.urls import Address, Kind, parse_url
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.client.steps import Node

CONNECT_TIMEOUT = 1.0  # seconds, per try; `socket_connect_timeout` in the options changes it

# Ours to decide: they would change replies, or send a command twice.
FIXED = frozenset(
    {"retry", "retry_on_timeout", "retry_on_error", "decode_responses", "protocol", "encoding"}
    | {"health_check_interval", "max_connections", "socket_timeout", "timeout"}
)


class Connector:
    """Where the server is, and how to get a connection to it."""

    def __init__(self, url: str | Callable[[], str], options: Mapping[str, Any]) -> None:
        self._url = url
        self._address = parse_url(url) if isinstance(url, str) else None
        self._options = dict(options)
        self.connect_timeout = float(self._options.pop("socket_connect_timeout", CONNECT_TIMEOUT))
        self.losses = 0  # connections of event loops that ended without our doing
        self.max_connections: int | None = self._options.get("max_connections")

    @property
    def is_slow(self) -> bool:
        """Whether finding the address may take a while (it may start a server)."""
        return self._address is None

    def address(self) -> Address:
        """Where the server is, now: an embedded one may have moved."""
        return self._address or parse_url(cast("Callable[[], str]", self._url)())

    @property
    def where(self) -> str:
        """The address for people, its password hidden; starts nothing."""
        return self._address.shown if self._address else "the embedded server"

    def connect(self, node: Node, timeout: float) -> Any:
        """Open a blocking connection; raises redis-py's errors."""
        address = self.address()
        if node is None and address.kind is Kind.SENTINEL:
            node = self._ask_sentinels(address, timeout)
        connection = self._blocking(address, node, timeout)
        try:
            connection.connect()
        except BaseException:
            connection.disconnect()
            raise
        return connection

    async def connect_async(self, node: Node, timeout: float) -> Any:
        """Open a connection of the running loop; raises redis-py's errors."""
        address = await asyncio.to_thread(self.address) if self.is_slow else self.address()
        if node is None and address.kind is Kind.SENTINEL:
            node = await self._ask_sentinels_async(address, timeout)
        return await self._connect_async(address, node, timeout)

    async def _connect_async(self, address: Address, node: Node, timeout: float) -> Any:
        connection = self._asynchronous(address, node, timeout)
        try:
            async with asyncio.timeout(timeout):
                await connection.connect()
        except BaseException as error:
            await close(connection)
            if isinstance(error, TimeoutError):
                raise TooSlow("Timeout connecting to server") from None
            raise
        return connection

    def _blocking(self, address: Address, node: Node, timeout: float) -> Any:
        kinds = (
            blocking.UnixDomainSocketConnection,
            blocking.SSLConnection,
            blocking.Connection,
        )
        options = self._fields(address, node, timeout, blocking.URL_QUERY_ARGUMENT_PARSERS)
        options |= {"socket_timeout": timeout, "retry": Retry(NoBackoff(), 0)}
        return _make(_choose(address, kinds), options)

    def _asynchronous(self, address: Address, node: Node, timeout: float) -> Any:
        kinds = (
            asynchronous.UnixDomainSocketConnection,
            asynchronous.SSLConnection,
            asynchronous.Connection,
        )
        options = self._fields(address, node, timeout, asynchronous.URL_QUERY_ARGUMENT_PARSERS)
        # No time-out of redis-py's: it costs a task per call. The transport sets one around all.
        options |= {"socket_timeout": None, "retry": AsyncRetry(NoBackoff(), 0)}
        return _make(_choose(address, kinds), options)

    def _fields(
        self, address: Address, node: Node, timeout: float, readers: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Keyword arguments for a connection of redis-py."""
        fields: dict[str, Any] = {}
        for name, text in address.settings.items():
            try:
                fields[name] = readers[name](text) if name in readers else text
            except (TypeError, ValueError):
                raise ConfigurationError(
                    f"{address.shown}: {name}={text!r} can't be read."
                ) from None
        fields |= self._options
        fields = {name: value for name, value in fields.items() if name not in FIXED}
        fields["socket_connect_timeout"] = min(timeout, self.connect_timeout)
        if not fields.keys() & {"driver_info", "lib_name", "lib_version"}:
            fields["driver_info"] = _driver()
        fields["protocol"] = 2  # plain lists from scripts and pub/sub alike
        if address.kind is Kind.SOCKET:
            return fields | {"path": address.path}
        if address.kind is Kind.CLUSTER:
            fields.pop("db", None)  # a cluster has but one
        host, port = node or address.nodes[0]
        return fields | {"host": host, "port": port}

    def _sentinel_fields(self, address: Address) -> tuple[Address, tuple[bytes, ...]]:
        """The sentinels as servers of their own; they have other passwords than the master."""
        names = {"sentinel_username": "username", "sentinel_password": "password"}
        settings = {names[name]: value for name, value in address.settings.items() if name in names}
        question = (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", address.service.encode())
        there = Address(Kind.SERVER, address.shown, address.nodes, "", address.tls, "", settings)
        return there, question

    def _ask_sentinels(self, address: Address, timeout: float) -> Node:
        there, question = self._sentinel_fields(address)
        error: Exception | None = None
        for node in address.nodes:
            connection = self._blocking(there, node, timeout)
            try:
                connection.connect()
                connection.send_command(*question)
                answer = connection.read_response()
            except (RedisError, OSError) as trouble:
                error = trouble
            else:
                if answer:
                    return _master(answer)
            finally:
                connection.disconnect()
        raise error or _no_master(address)

    async def _ask_sentinels_async(self, address: Address, timeout: float) -> Node:
        there, question = self._sentinel_fields(address)
        error: Exception | None = None
        for node in address.nodes:
            try:
                connection = await self._connect_async(there, node, timeout)
            except (RedisError, OSError) as trouble:
                error = trouble
                continue
            try:
                async with asyncio.timeout(timeout):
                    await connection.send_command(*question)
                    answer = await connection.read_response()
            except (RedisError, OSError) as trouble:
                error = trouble
            else:
                if answer:
                    return _master(answer)
            finally:
                await close(connection)
        raise error or _no_master(address)


async def close(connection: Any) -> None:
    """Close a connection of the running loop, without a farewell to wait for."""
    writer = connection._writer  # noqa: SLF001 - redis-py would wait for TLS to part in form
    if writer is not None:
        writer.transport.abort()
    with suppress(RedisError, OSError):
        await connection.disconnect(nowait=True)


def surplus_of(connection: Any) -> Callable[[], bool]:
    """Tells whether a connection has read more than was asked for: a reply that came twice.

    The next call would take it for its own answer.
    """
    has_data: Callable[[], bool] = connection._parser._reader.has_data  # noqa: SLF001 - hiredis'
    return has_data


@cache
def _driver() -> DriverInfo:
    """What redis-py says of itself to a server; each time it would look up its version on disk.

    That was two thirds of what a try to connect cost, and most of what an outage costs a worker.
    """
    return DriverInfo()


def _choose(address: Address, kinds: tuple[Any, Any, Any]) -> Any:
    socket, tls, plain = kinds
    if address.kind is Kind.SOCKET:
        return socket
    return tls if address.tls else plain


def _make(kind: Any, fields: dict[str, Any]) -> Any:
    try:
        return kind(**fields)
    except TypeError as error:  # redis-py's: "… got an unexpected keyword argument 'x'"
        raise ConfigurationError(
            f"broker_options: redis-py can't use them for this broker URL: {error}"
        ) from None


def _master(answer: Any) -> tuple[str, int]:
    host, port = answer
    return host.decode(), int(port)


def _no_master(address: Address) -> LostConnection:
    return LostConnection(f"the sentinels know no master {address.service!r}")

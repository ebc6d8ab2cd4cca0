"""Listening to channels, in a thread: how a process hears that jobs it waits for have ended."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from streamq.client.classify import Verdict, classify
from streamq.client.conversation import GaveUp, Patience
from streamq.client.trouble import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.client.connector import Connector

CONNECT_S = 5.0  # for connecting and subscribing, and for the rest of a message that has begun
QUIET_S = 10.0  # without a word, ask whether the line is still there
PONG_S = 5.0  # and give it so long to say so


class Subscription:
    """A subscriber of its own connection; one thread listens, any may close it.

    `generation` goes up with each connection. What is published between two is missed, so who
    waits for something must look for itself after it has changed.
    """

    def __init__(self, connector: Connector, channels: Sequence[str]) -> None:
        self.generation = 0
        self._connector = connector
        self._channels = tuple(channels)
        self._connection: Any = None
        self._listening = threading.RLock()
        self._closed = threading.Event()
        self._heard = 0.0  # monotonic, of the last bytes
        self._pinged = 0.0  # monotonic, of a PING that waits for its answer; 0: none

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed.is_set()

    def open(self, timeout: float = CONNECT_S) -> None:
        """Connect and subscribe; from here on nothing published is missed.

        Raises BrokerUnavailable after `timeout` seconds; done before, it does nothing.
        """
        patience = Patience(timeout)
        with self._listening:
            while not (self._connection or self.is_closed):
                try:
                    self._connect(patience.share())
                except (RedisError, OSError) as error:
                    self._lose(error)
                    try:
                        self._closed.wait(patience.pause(error))
                    except GaveUp:
                        raise explain(error, self._connector.where) from None

    def listen(self, timeout: float) -> tuple[str, bytes] | None:
        """The next message, as channel and data; None after `timeout` seconds.

        None at once too when it was closed, or connected anew (see `generation`). An outage is
        waited out; raises BrokerRefused for what waiting won't mend.
        """
        patience = Patience(timeout)
        with self._listening:
            while not self.is_closed:
                try:
                    if self._connection is None:
                        self._connect(CONNECT_S)
                        return None
                    message = self._read(max(0.0, patience.left))
                except (RedisError, OSError) as error:
                    self._lose(error)
                    try:
                        self._closed.wait(patience.pause(error))
                    except GaveUp:
                        return None
                else:
                    if message is not None or patience.left <= 0:
                        return message
        return None

    def close(self) -> None:
        """End it; a thread that listens comes back at once."""
        self._closed.set()
        connection = self._connection
        if connection is not None:
            with suppress(OSError, AttributeError):  # closed meanwhile
                connection._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - wakes the reader
        with self._listening:
            self._drop()

    def _connect(self, timeout: float) -> None:
        connection = self._connector.connect(None, timeout)
        self._connection = connection
        connection.send_command("SUBSCRIBE", *self._channels, check_health=False)
        for _ in self._channels:
            connection.read_response()
        self.generation += 1
        self._heard, self._pinged = time.monotonic(), 0.0

    def _read(self, timeout: float) -> tuple[str, bytes] | None:
        """What comes next, if it comes in time and is a message."""
        connection = self._connection
        if not connection.can_read(min(timeout, self._check_line(connection))):
            return None
        reply = connection.read_response()
        self._heard, self._pinged = time.monotonic(), 0.0
        if isinstance(reply, list) and reply[0] == b"message":
            return reply[1].decode(), reply[2]
        return None

    def _check_line(self, connection: Any) -> float:
        """Ask a quiet server whether it is there; returns seconds until the next look."""
        now = time.monotonic()
        if self._pinged:
            if now - self._pinged > PONG_S:
                raise TimeoutError("no answer to a PING")
            return self._pinged + PONG_S - now + 0.01
        if now - self._heard > QUIET_S:
            self._pinged = now
            connection.send_command("PING", check_health=False)
            return PONG_S
        return self._heard + QUIET_S - now + 0.01

    def _lose(self, error: BaseException) -> None:
        """Drop a connection that failed; raises what a new one won't mend."""
        self._drop()
        if classify(error) is Verdict.RAISE:
            raise explain(error, self._connector.where) from None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError):
                connection.disconnect()

"""Carries conversations over blocking sockets, for any number of threads at once."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

from streamq.client.classify import error_word
from streamq.client.connector import surplus_of
from streamq.client.steps import Exchange, Lost, Pause, Unsent

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.client.connector import Connector
    from streamq.client.steps import Conversation, Forget, Node, Step, T

MAX_IDLE = 64  # connections kept for later, to each node
READ_BYTES = 4096  # of a reply known to be short


class Channel:
    """One connection of redis-py's, and what we know of it."""

    __slots__ = ("connection", "has_surplus", "poller", "sock", "timeout")

    def __init__(self, connection: Any, timeout: float) -> None:
        self.connection = connection
        self.sock = connection._sock  # noqa: SLF001 - to set a time-out per call
        self.timeout = timeout
        self.poller: Any = None
        self.has_surplus: Callable[[], bool] = surplus_of(connection)

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the server, or has bytes nobody asked for."""
        if self.has_surplus():
            return True
        if self.poller is None:
            if not hasattr(select, "poll"):  # Windows
                return bool(self.connection.can_read())
            self.poller = select.poll()
            self.poller.register(self.sock, select.POLLIN)
        return bool(self.poller.poll(0))

    def set_timeout(self, seconds: float) -> None:
        """Let sends and reads take so long; a system call, so only when it changes."""
        if seconds != self.timeout:
            self.sock.settimeout(seconds)
            self.timeout = seconds

    def send(self, data: bytes, timeout: float) -> None:
        """Send bytes; the answer may take so many seconds."""
        self.set_timeout(timeout)
        self.sock.sendall(data)

    def receive(self) -> bytes:
        """The first bytes that come back, none where the server hung up."""
        answer: bytes = self.sock.recv(READ_BYTES)
        return answer

    def close(self) -> None:
        """Close the socket; in a forked child only this process's copy of it."""
        with suppress(RedisError, OSError):
            self.connection.disconnect()


class BlockingTransport:
    """The pool of this process, last in, first out; a forked child starts with none."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._pid = os.getpid()
        self._idle: dict[Node, list[Channel]] = {}
        limit = connector.max_connections
        self._gate = threading.Semaphore(limit) if limit else None

    def drive(self, conversation: Conversation[T]) -> T:
        """Carry a conversation to its end."""
        perform = self._perform
        try:
            step = next(conversation)
            while True:
                try:
                    answer = perform(step)
                except BaseException as error:  # noqa: BLE001 - the conversation decides
                    step = conversation.throw(error)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        """Close idle connections; those in use are closed when their call ends."""
        pools, self._idle = self._idle, {}
        for channels in pools.values():
            for channel in channels:
                channel.close()

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Exchange):
            if self._gate is None:
                return self._exchange(step)
            return self._exchange_in_turn(step, self._gate)
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        return self._forget(step)

    def _exchange_in_turn(self, step: Exchange, gate: threading.Semaphore) -> list[Any]:
        if not gate.acquire(timeout=step.timeout):
            raise Unsent(LostConnection("all connections are in use (max_connections)"))
        try:
            return self._exchange(step)
        finally:
            gate.release()

    def _exchange(self, step: Exchange) -> list[Any]:
        node = step.node
        channel = self.idle(node) or self._connect(node, step.timeout)
        connection = channel.connection
        try:
            channel.set_timeout(step.timeout)
            connection.send_packed_command([step.data], check_health=False)
            replies = [_read(connection) for _ in range(step.replies)]
        except (RedisError, OSError) as error:
            channel.close()
            if error_word(error):  # an answer after which redis-py hangs up, as LOADING
                return [error] * step.replies
            raise Lost(error) from None
        except BaseException:
            channel.close()  # a late reply must never be another call's
            raise
        self.keep(node, channel)
        return replies

    def idle(self, node: Node) -> Channel | None:
        """Take a connection that is open already; to be kept or closed."""
        if self._pid != os.getpid():
            self._pid, self._idle = os.getpid(), {}  # the parent's sockets are not ours to use
        idle = self._idle.get(node)
        while idle:
            try:
                channel = idle.pop()
            except IndexError:  # another thread was quicker
                break
            if not channel.is_stale():
                return channel
            channel.close()
        return None

    def _connect(self, node: Node, timeout: float) -> Channel:
        try:
            return Channel(self._connector.connect(node, timeout), timeout)
        except (RedisError, OSError) as error:
            raise Unsent(error) from None

    def keep(self, node: Node, channel: Channel) -> None:
        """Give a connection back, every answer read, for the next call."""
        idle = self._idle.get(node)
        if idle is None:
            idle = self._idle.setdefault(node, [])
        if len(idle) < MAX_IDLE:
            idle.append(channel)
        else:
            channel.close()

    def _forget(self, step: Forget) -> None:
        for channel in self._idle.pop(step.node, ()):
            channel.close()


def _read(connection: Any) -> Any:
    try:
        return connection.read_response()
    except ResponseError as error:
        return error

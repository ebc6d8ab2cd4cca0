"""The client: what the rest of streamq calls; loads redis-py when first used."""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, TypeVar

from streamq.client.durability import parse_durability
from streamq.client.urls import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamq.client.engine import Engine
    from streamq.client.server_info import ServerInfo
    from streamq.client.subscription import Subscription
    from streamq.client.waiting import AsyncWaiter
    from streamq.operations.call import Call
    from streamq.operations.plain import PlainEnqueue

T = TypeVar("T")

NO_OPTIONS: Mapping[str, Any] = {}


class Client:
    """Runs calls on one server or cluster; connects when first used.

    May be used by many threads, by several event loops one after the other or at once, and in
    a forked child, which connects anew. `url` may be a callable that returns the URL each time
    a connection is made. `timeout` is in seconds and covers all attempts of a call.
    """

    def __init__(
        self,
        url: str | Callable[[], str],
        *,
        namespace: str = "streamq",
        timeout: float = 5.0,
        durability: str | None = None,
        options: Mapping[str, Any] = NO_OPTIONS,
    ) -> None:
        if isinstance(url, str):
            parse_url(url)  # a mistake shows here, not at the first call
        self.url = url
        self.namespace = namespace
        self.timeout = timeout
        self.durability = parse_durability(durability)
        self._options = options
        self._lock = allocate_lock()
        self._engine: Engine | None = None

    @property
    def where(self) -> str:
        """The server's address for people, without its password."""
        return parse_url(self.url).shown if isinstance(self.url, str) else "the embedded server"

    def run(self, call: Call[T], *, timeout: float | None = None) -> T:
        """Run a call; repeated until answered, or BrokerUnavailable after `timeout` seconds."""
        engine = self._engine or self._start()
        return engine.drive(engine.talk.run(call, engine.patience(timeout)))

    async def run_async(self, call: Call[T], *, timeout: float | None = None) -> T:
        """As `run`, in the running loop."""
        engine = self._engine or self._start()
        patience = engine.patience(timeout)
        return await engine.drive_async(engine.talk.run(call, patience), patience)

    def run_many(self, calls: Sequence[Call[Any]], *, timeout: float | None = None) -> list[Any]:
        """Run calls in one pipeline per node, in their order; raises the first that failed."""
        engine = self._engine or self._start()
        return engine.drive(engine.talk.run_many(calls, engine.patience(timeout)))

    async def run_many_async(
        self, calls: Sequence[Call[Any]], *, timeout: float | None = None
    ) -> list[Any]:
        """As `run_many`, in the running loop."""
        engine = self._engine or self._start()
        return await engine.run_many_async(calls, timeout)

    def enqueue(
        self,
        describe: Callable[[str, int], Call[T]],
        queue: str,
        ids: Sequence[str],
        *,
        timeout: float | None = None,
    ) -> T:
        """Enqueue once, whatever is lost on the way.

        `describe(producer, counter)` makes the call; it may be asked again with another
        producer. Raises EnqueueUncertain if the time is over and it may have been sent or
        isn't as durable as asked for, BrokerUnavailable if it never was sent.
        """
        engine = self._engine or self._start()
        patience = engine.patience(timeout)
        return engine.drive(engine.talk.enqueue(describe, queue, ids, patience))

    def enqueue_plain(
        self,
        plain: PlainEnqueue,
        jobs: Sequence[tuple[str, bytes]],
        meanwhile: Callable[[], None] | None = None,
    ) -> bool:
        """Enqueue 1 to 200 plain jobs, each its id and body, the shortest way.

        As `enqueue` does; False: not now, use that. `meanwhile` is called while the server works.
        """
        shortcut = self._engine.shortcut if self._engine else None
        return shortcut is not None and shortcut.enqueue(plain, jobs, meanwhile)

    async def enqueue_async(
        self,
        describe: Callable[[str, int], Call[T]],
        queue: str,
        ids: Sequence[str],
        *,
        timeout: float | None = None,
    ) -> T:
        """As `enqueue`, in the running loop."""
        engine = self._engine or self._start()
        patience = engine.patience(timeout)
        return await engine.drive_async(
            engine.talk.enqueue(describe, queue, ids, patience), patience
        )

    def command(self, *arguments: Any, key: str = "", timeout: float | None = None) -> Any:
        """Send a plain command that may be sent twice (PING, INFO, SADD); replies are bytes.

        In a cluster `key` says where; without it any node is asked.
        """
        engine = self._engine or self._start()
        return engine.drive(engine.talk.command(arguments, key, engine.patience(timeout)))

    async def command_async(
        self, *arguments: Any, key: str = "", timeout: float | None = None
    ) -> Any:
        """As `command`, in the running loop."""
        engine = self._engine or self._start()
        patience = engine.patience(timeout)
        return await engine.drive_async(engine.talk.command(arguments, key, patience), patience)

    @property
    def losses(self) -> int:
        """How many connections of event loops were lost so far."""
        return self._engine.connector.losses if self._engine is not None else 0

    def ping(self, timeout: float = 1.0) -> None:
        """See whether the server answers; one try, so a refusal is reported at once.

        Raises BrokerUnavailable within `timeout` seconds, BrokerRefused for a wrong password.
        """
        engine = self._engine or self._start()
        patience = engine.patience(timeout, once=True)
        engine.drive(engine.talk.command((b"PING",), "", patience))

    def server_info(self, *, timeout: float | None = None) -> ServerInfo:
        """What the server is; of a cluster, one of its nodes."""
        engine = self._engine or self._start()
        return engine.drive(engine.talk.server_info(engine.patience(timeout)))

    async def server_info_async(self, *, timeout: float | None = None) -> ServerInfo:
        """As `server_info`, in the running loop."""
        engine = self._engine or self._start()
        patience = engine.patience(timeout)
        return await engine.drive_async(engine.talk.server_info(patience), patience)

    def waiting(self, key: str) -> AsyncWaiter:
        """A new waiter for markers on this list, for the running loop; close it after use."""
        from streamq.client.waiting import AsyncWaiter

        return AsyncWaiter(self._engine or self._start(), key)

    def subscription(self, channels: Sequence[str]) -> Subscription:
        """A new subscriber to these channels, for one thread that listens; close it after use."""
        from streamq.client.subscription import Subscription

        engine = self._engine or self._start()
        return Subscription(engine.connector, channels)

    def close(self) -> None:
        """Close idle blocking connections; a later call opens new ones."""
        if self._engine is not None:
            self._engine.close()

    async def aclose(self) -> None:
        """Close the running loop's connections and the blocking ones."""
        if self._engine is not None:
            await self._engine.aclose()

    def _start(self) -> Engine:
        from streamq.client.engine import Engine

        engine = Engine(self.url, self._options, self.durability, self.timeout)
        with self._lock:
            self._engine = self._engine or engine  # the first one is everybody's
            return self._engine

"""Everything behind the client that needs redis-py, put together; imported at the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.client.blocking import BlockingTransport
from streamq.client.connector import Connector
from streamq.client.conversation import Patience
from streamq.client.message import pack
from streamq.client.producers import Producers
from streamq.client.routing import ClusterRouter, Router
from streamq.client.shortcut import Shortcut
from streamq.client.steps import Unsent
from streamq.client.talk import Talk
from streamq.client.trouble import explain
from streamq.client.urls import Kind, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamq.client.asynchronous import AsyncTransports
    from streamq.client.durability import Durability
    from streamq.client.steps import Conversation, T
    from streamq.operations.call import Call

# A call that begins while the server is away begins with the pauses of one that has tried so often:
# all the duties of a worker together would else knock at the door twenty times a second.
TRIES_WHILE_AWAY = 6


class Engine:
    """The transports of one client, and what it says over them."""

    def __init__(
        self,
        url: str | Callable[[], str],
        options: Mapping[str, Any],
        durability: Durability,
        timeout: float,
    ) -> None:
        self.connector = Connector(url, options)
        self.talk = Talk(self.connector, _router(url), Producers(), durability)
        self._timeout = timeout
        self._blocking = BlockingTransport(self.connector)
        self._asynchronous: dict[str, AsyncTransports] = {}  # one, once a loop has asked for it
        self.drive = self._blocking.drive
        self.shortcut = self._make_shortcut(timeout)

    @property
    def asynchronous(self) -> AsyncTransports:
        """The transports of event loops."""
        if not self._asynchronous:
            from streamq.client.asynchronous import AsyncTransports

            # Loops in several threads may ask at once: all have the first one's.
            self._asynchronous.setdefault("all", AsyncTransports(self.connector))
        return self._asynchronous["all"]

    def _make_shortcut(self, timeout: float) -> Shortcut | None:
        talk = self.talk
        if talk.router.is_cluster or talk.durability or self.connector.max_connections:
            return None
        return Shortcut(talk, self._blocking, timeout)

    def patience(self, timeout: float | None, *, once: bool = False) -> Patience:
        """A deadline from now; None takes the client's own."""
        return Patience(self._timeout if timeout is None else timeout, once=once)

    async def drive_async(self, conversation: Conversation[T], patience: Patience) -> T:
        """Carry a conversation in the running loop."""
        if not self.asynchronous.is_well:
            patience.tries = TRIES_WHILE_AWAY
        try:
            return await self.asynchronous.drive(conversation, patience.timeout)
        except Unsent as failure:
            raise explain(failure.cause, self.connector.where) from None

    async def run_many_async(self, calls: Sequence[Call[Any]], timeout: float | None) -> list[Any]:
        """As `Talk.run_many`, in the running loop; where it goes as nearly always, the short way.

        What goes otherwise is sent again by the long way, as a lost answer would be.
        """
        patience = self.patience(timeout)
        if calls and not self.talk.router.is_cluster:
            data = b"".join([pack(call) for call in calls])
            answers = await self.asynchronous.at_once(data, len(calls), patience.share())
            if answers is not None and not any(isinstance(one, Exception) for one in answers):
                return [call.read(one) for call, one in zip(calls, answers, strict=True)]
        return await self.drive_async(self.talk.run_many(calls, patience), patience)

    def close(self) -> None:
        """Close what needs no loop for it."""
        self._blocking.close()

    async def aclose(self) -> None:
        """Close everything that this loop and no loop may close."""
        self._blocking.close()
        if self._asynchronous:
            await self.asynchronous.aclose()


def _router(url: str | Callable[[], str]) -> Router:
    if not isinstance(url, str):
        return Router()
    address = parse_url(url)
    return ClusterRouter(address.nodes) if address.kind is Kind.CLUSTER else Router()

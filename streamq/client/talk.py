"""The conversations that the client has: run a call, run many, enqueue, ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hiredis import pack_command

from streamq.client.conversation import GaveUp, deliver
from streamq.client.damage import name_keys
from streamq.client.durability import needs_command
from streamq.client.message import Message
from streamq.client.server_info import make_server_info, read_info
from streamq.client.trouble import explain
from streamq.errors import BrokerUnavailable, DamagedQueue, EnqueueUncertain
from streamq.operations.enqueue import ProducerGap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.client.connector import Connector
    from streamq.client.conversation import Patience
    from streamq.client.durability import Durability
    from streamq.client.producers import Producer, Producers
    from streamq.client.routing import Router
    from streamq.client.server_info import ServerInfo
    from streamq.client.steps import Conversation, T
    from streamq.operations.call import Call

MAX_GAPS = 3  # in one enqueue: each is answered with a new producer id, so a second is odd


@dataclass(slots=True)
class Talk:
    """What all conversations of a client share."""

    connector: Connector
    router: Router
    producers: Producers
    durability: Durability
    fsync_command: bool | None = None  # None: not yet known whether WAITAOF is needed

    def run(self, call: Call[T], patience: Patience) -> Conversation[T]:
        """Send one call and read its answer."""
        message = Message.of(call)
        yield from self._deliver([message], patience)
        if isinstance(message.answer, Exception):
            raise (yield from self._judge(message, patience))
        return call.read(message.answer)

    def run_many(self, calls: Sequence[Call[Any]], patience: Patience) -> Conversation[list[Any]]:
        """Send calls together and read each answer; the first that failed raises, after all."""
        messages = [Message.of(call) for call in calls]
        if messages:
            yield from self._deliver(messages, patience)
        for message in messages:
            if isinstance(message.answer, Exception):
                raise (yield from self._judge(message, patience))
        return [call.read(m.answer) for call, m in zip(calls, messages, strict=True)]

    def command(
        self, arguments: tuple[Any, ...], key: str, patience: Patience
    ) -> Conversation[Any]:
        """Send a plain command that may be sent twice."""
        message = Message(arguments, key)
        yield from self._deliver([message], patience)
        if isinstance(message.answer, Exception):
            raise self._explain(message)
        return message.answer

    def server_info(self, patience: Patience) -> Conversation[ServerInfo]:
        """Ask a server (of a cluster: any node) what it is."""
        info = Message((b"INFO",))
        config = Message((b"CONFIG", b"GET", b"appendfsync"))
        yield from self._deliver([info, config], patience)
        if isinstance(info.answer, Exception):
            raise self._explain(info)
        return make_server_info(read_info(info.answer), config.answer)

    def enqueue(
        self,
        describe: Callable[[str, int], Call[T]],
        queue: str,
        ids: Sequence[str],
        patience: Patience,
        producer: Producer | None = None,
    ) -> Conversation[T]:
        """Send an enqueue as a producer; the very same call again until it is answered.

        `producer`: one that has been leased, and may have sent this call already.
        """
        if self.durability.fsync and self.fsync_command is None:
            info = yield from self.server_info(patience)
            self.fsync_command = needs_command(info, self.connector.where)
        producer = producer or self.producers.lease()
        try:
            result: T = yield from self._enqueue(describe, queue, ids, patience, producer)
        except BaseException:
            producer.renew()  # nobody knows whether its last call was done
            raise
        finally:
            self.producers.give_back(producer)
        return result

    def _enqueue(
        self,
        describe: Callable[[str, int], Call[T]],
        queue: str,
        ids: Sequence[str],
        patience: Patience,
        producer: Producer,
    ) -> Conversation[T]:
        for _ in range(MAX_GAPS):
            call = describe(producer.id, producer.next(queue))
            message = Message.of(call)
            yield from self._confirm(message, ids, patience)
            if isinstance(message.answer, Exception):
                error = yield from self._judge(message, patience)
                raise self._doubt(ids, error, patience)
            try:
                result = call.read(message.answer)
            except ProducerGap:
                producer.renew()
            else:
                producer.advance(queue)
                return result
        raise BrokerUnavailable(
            f"{self.connector.where} loses what was just written: is a failover going on?"
        )

    def _confirm(
        self, message: Message, ids: Sequence[str], patience: Patience
    ) -> Conversation[None]:
        """Send an enqueue until it's answered and as durable as was asked for."""
        if self.durability and self.fsync_command is not False:
            message.tail = lambda timeout: pack_command(self.durability.command(timeout))
            message.use_source()  # the tail behind a NOSCRIPT would wait in vain
        while True:
            try:
                yield from deliver([message], self.router, patience)
            except GaveUp as end:
                error = explain(end.cause, self.connector.where, message.script)
                raise self._doubt(ids, error, patience) from None
            if message.tail is None or isinstance(message.answer, Exception):
                return
            missing = self.durability.shortfall(message.confirmed)
            if not missing:
                return
            if isinstance(message.confirmed, Exception) or patience.left < MIN_CONFIRM_S:
                detail = f"it is in the queue at {self.connector.where}, but {missing}"
                raise EnqueueUncertain(ids, detail)
            message.done = False

    def _doubt(self, ids: Sequence[str], error: Exception, patience: Patience) -> Exception:
        """The error itself, or that an earlier attempt may have done it all the same."""
        if not patience.maybe_done:
            return error
        return EnqueueUncertain(ids, str(error).partition("\n")[0])

    def _deliver(self, messages: list[Message], patience: Patience) -> Conversation[None]:
        try:
            yield from deliver(messages, self.router, patience)
        except GaveUp as end:
            raise explain(end.cause, self.connector.where, messages[0].script) from None

    def _explain(self, message: Message) -> Exception:
        return explain(message.answer, self.connector.where, message.script)

    def _judge(self, message: Message, patience: Patience) -> Conversation[Exception]:
        """As `_explain`, for a script: with the keys that are to be mended."""
        error = self._explain(message)
        if not isinstance(error, DamagedQueue):
            return error
        return (yield from name_keys(error, message, self.router, patience))


MIN_CONFIRM_S = 0.3  # less is no time to wait for a disk or a replica once more

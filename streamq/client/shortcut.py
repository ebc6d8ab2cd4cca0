"""Plain jobs by the shortest way: a connection that is open already, one try, one answer.

Half of what a call costs here is Python around two system calls. Whatever goes otherwise than
nearly always is left to the long way, which sends the same call of the same producer again.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from hiredis import pack_command
from redis.exceptions import RedisError

from streamq.client.conversation import MIN_TRY_S, Patience
from streamq.client.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.client.blocking import BlockingTransport, Channel
    from streamq.client.producers import Producer
    from streamq.client.talk import Talk
    from streamq.operations.call import Call
    from streamq.operations.plain import PlainEnqueue

    Jobs = Sequence[tuple[str, bytes]]  # id and body of each

# These stand in a sample for what differs.
PRODUCER = "\1" * 12  # as long as a producer's id
COUNTER = 2**53 - 1
BODY = b"\1body"


class Packed:
    """The calls of one kind in the protocol, cut where what differs goes."""

    __slots__ = ("after_counter", "after_id", "after_producer", "before", "id_length", "values")

    def __init__(self, plain: PlainEnqueue, id_length: int, *, many: bool) -> None:
        job_id = "\2" * id_length
        call = plain.call if many else plain.short
        command = Message.of(call(PRODUCER, COUNTER, [(job_id, BODY)])).command
        self.id_length = id_length
        self.values = len(command) - JOB_VALUES  # of a call without jobs
        head = b"*%d\r\n" % len(command)
        before, rest = pack_command(command).removeprefix(head).split(PRODUCER.encode())
        self.before = before
        self.after_producer, rest = rest.split(b"$16\r\n%d\r\n" % COUNTER)
        self.after_counter, rest = rest.split(b"$%d\r\n%b" % (id_length, job_id.encode()))
        self.after_id, _ = rest.split(b"$%d\r\n%b\r\n" % (len(BODY), BODY))

    def fill(self, producer: str, counter: int, jobs: Jobs) -> bytes:
        """The bytes of one call."""
        number = b"%d" % counter
        head = b"*%d\r\n%b%b%b$%d\r\n%b\r\n%b" % (
            *(self.values + JOB_VALUES * len(jobs), self.before, producer.encode()),
            *(self.after_producer, len(number), number, self.after_counter),
        )
        length, after = self.id_length, self.after_id
        return head + b"".join(
            [
                b"$%d\r\n%b%b$%d\r\n%b\r\n" % (length, one.encode(), after, len(body), body)
                for one, body in jobs
            ]
        )


JOB_VALUES = 7  # of each job in a call


class Shortcut:
    """For one server without conditions: no cluster, no durability to confirm, no gate."""

    def __init__(self, talk: Talk, transport: BlockingTransport, timeout: float) -> None:
        self._talk = talk
        self._transport = transport
        self._timeout = timeout
        self._try_s = Patience(timeout).share()

    def enqueue(
        self, plain: PlainEnqueue, jobs: Jobs, meanwhile: Callable[[], None] | None = None
    ) -> bool:
        """Enqueue 1 to 200 jobs; False: nothing was sent, go the long way.

        `meanwhile` is called while the server works. Raises what `Client.enqueue` raises.
        """
        channel = self._transport.idle(None)
        if channel is None:
            return False
        many, length = len(jobs) > 1, len(jobs[0][0])
        packed = plain.packed.get(many)
        if packed is None or packed.id_length != length:
            packed = plain.packed[many] = Packed(plain, length, many=many)
        producers, queue = self._talk.producers, plain.keys.queue
        producer = producers.lease()
        until = time.monotonic() + self._timeout
        try:
            data = packed.fill(producer.id, producer.next(queue), jobs)
            answer = self._ask(channel, data, meanwhile)
            if answer[:9] == b"-NOSCRIPT":
                answer = self._ask_in_full(plain.short(producer.id, producer.next(queue), jobs))
        except BaseException:
            producer.renew()  # nobody knows whether its last call was done
            producers.give_back(producer)
            raise
        if answer == b"OK*%d\r\n" % len(jobs):
            producer.advance(queue)
            producers.give_back(producer)
        else:
            patience = Patience(max(MIN_TRY_S / 10, until - time.monotonic()))
            patience.maybe_done = not answer
            self._go_the_long_way(plain, jobs, patience, producer)
        return True

    def _ask(self, channel: Channel, data: bytes, meanwhile: Callable[[], None] | None) -> bytes:
        """What the server said, one line; empty: it may have done it, for all we know."""
        try:
            channel.send(data, self._try_s)
            if meanwhile is not None:
                meanwhile()
            head, _, line = channel.receive().partition(b"\r\n")
        except (RedisError, OSError):
            channel.close()
            return b""
        except BaseException:
            channel.close()  # a late reply must never be another call's
            raise
        if line[:3] == b"OK*" and head == b"$%d" % (len(line) - 2):
            self._transport.keep(None, channel)
            return line
        if (head[:1] == b"-" or head == b"$-1") and not line:
            self._transport.keep(None, channel)  # a refusal, read to its end
            return head
        channel.close()
        return b""

    def _ask_in_full(self, call: Call[bool]) -> bytes:
        """The same with the script itself: the server has lost it, or never had it."""
        channel = self._transport.idle(None)
        if channel is None:
            return b"-"  # it was refused; the long way finds another connection
        message = Message.of(call)
        message.use_source()
        return self._ask(channel, message.pack(self._try_s), None)

    def _go_the_long_way(
        self, plain: PlainEnqueue, jobs: Jobs, patience: Patience, producer: Producer
    ) -> None:
        describe = partial(_describe, plain, jobs)
        ids = [job_id for job_id, _ in jobs]
        talk = self._talk
        self._transport.drive(talk.enqueue(describe, plain.keys.queue, ids, patience, producer))


def _describe(plain: PlainEnqueue, jobs: Jobs, producer: str, counter: int) -> Any:
    return plain.call(producer, counter, jobs)

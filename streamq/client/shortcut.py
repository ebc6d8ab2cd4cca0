"""One plain job by the shortest way: a connection that is open already, one try, one answer.

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
    from streamq.client.blocking import BlockingTransport
    from streamq.client.talk import Talk
    from streamq.operations.plain import PlainEnqueue

DONE = b"$4\r\nOK*1\r\n"  # the answer to a job that is accepted
PRODUCER = "\1" * 12  # as long as a producer's id; these stand in a sample for what differs
COUNTER = 2**53 - 1
BODY = b"\1body"


class Packed:
    """A call in the protocol, cut where what differs goes."""

    __slots__ = ("after_counter", "after_id", "after_producer", "before", "id_length")

    def __init__(self, plain: PlainEnqueue, id_length: int) -> None:
        job_id = "\2" * id_length
        sample = pack_command(Message.of(plain.call(PRODUCER, COUNTER, job_id, BODY)).command)
        self.id_length = id_length
        self.before, rest = sample.split(PRODUCER.encode())
        self.after_producer, rest = rest.split(b"$16\r\n%d\r\n" % COUNTER)
        self.after_counter, rest = rest.split(job_id.encode())
        self.after_id, rest = rest.split(b"$%d\r\n%b\r\n" % (len(BODY), BODY))
        if rest or not self.before:
            raise ValueError("the body is not the last value of a call")

    def fill(self, producer: str, counter: int, job_id: str, body: bytes) -> bytes:
        """The bytes of one call."""
        number = b"%d" % counter
        return b"%b%b%b$%d\r\n%b\r\n%b%b%b$%d\r\n%b\r\n" % (
            *(self.before, producer.encode(), self.after_producer),
            *(len(number), number, self.after_counter, job_id.encode()),
            *(self.after_id, len(body), body),
        )


class Shortcut:
    """For one server without conditions: no cluster, no durability to confirm, no gate."""

    def __init__(self, talk: Talk, transport: BlockingTransport, timeout: float) -> None:
        self._talk = talk
        self._transport = transport
        self._timeout = timeout
        self._try_s = Patience(timeout).share()

    def enqueue(self, plain: PlainEnqueue, job_id: str, body: bytes) -> bool:
        """Enqueue a job; False: nothing was sent, go the long way.

        Raises what `Client.enqueue` raises.
        """
        transport, producers = self._transport, self._talk.producers
        channel = transport.idle(None)
        if channel is None:
            return False
        packed = plain.packed
        if packed is None or packed.id_length != len(job_id):
            packed = plain.packed = Packed(plain, len(job_id))
        producer = producers.lease()
        queue = plain.keys.queue
        began, lost = time.monotonic(), False
        try:
            data = packed.fill(producer.id, producer.next(queue), job_id, body)
            answer = channel.ask(data, self._try_s)
        except (RedisError, OSError):
            channel.close()
            lost = True
        except BaseException:
            channel.close()  # a late reply must never be another call's
            producer.renew()  # nobody knows whether its last call was done
            producers.give_back(producer)
            raise
        else:
            if answer == DONE:
                transport.keep(None, channel)
                producer.advance(queue)
                producers.give_back(producer)
                return True
            if answer[:1] == b"-" and answer[-2:] == b"\r\n":
                transport.keep(None, channel)  # a refusal, read to its end
            else:
                channel.close()
                lost = True  # for all we know
        left = max(MIN_TRY_S / 10, self._timeout - (time.monotonic() - began))
        patience = Patience(left)
        patience.maybe_done = lost
        describe = partial(_describe, plain, job_id, body)
        self._transport.drive(self._talk.enqueue(describe, queue, (job_id,), patience, producer))
        return True


def _describe(plain: PlainEnqueue, job_id: str, body: bytes, producer: str, counter: int) -> Any:
    return plain.call(producer, counter, job_id, body)

"""Messages between processes: length and msgpack, on a socket pair. Nothing of it is code."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.operations import Ack, Again, Burial, ClaimedJob, HandBack, Record, Stray, Throttled
from streamq.worker.held import Ended, Held, Lease

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Mapping

    from streamq.worker.held import Outcome

_HEAD = struct.Struct(">I")
MOST_BYTES = 1 << 30  # of one message, where nothing narrower is known

_OUTCOMES: Mapping[str, type[Outcome]] = {
    one.__name__: one for one in (Ack, Again, Burial, HandBack, Stray, Throttled)
}


class TooLarge(Exception):
    """A message is over the limit."""


def pack(message: Any) -> bytes:
    """A message as bytes."""
    body: bytes = msgpack.packb(message)
    return _HEAD.pack(len(body)) + body


async def read(reader: asyncio.StreamReader, most: int = MOST_BYTES) -> Any:
    """The next message; raises IncompleteReadError at the end, TooLarge for what is too large."""
    size = _HEAD.unpack(await reader.readexactly(_HEAD.size))[0]
    if size > most:
        raise TooLarge(f"{size} bytes")
    return msgpack.unpackb(await reader.readexactly(size))


def receive(sock: socket.socket) -> Any:
    """As `read`, from a blocking socket; raises EOFError at the end."""
    size = _HEAD.unpack(_receive_exactly(sock, _HEAD.size))[0]
    return msgpack.unpackb(_receive_exactly(sock, size))


def _receive_exactly(sock: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = sock.recv(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def held_to_wire(held: Held) -> list[Any]:
    """A job for another process."""
    job, record, lease = held.job, held.job.record, held.lease
    return [
        [lease.queue, lease.token, lease.now_ms],
        [job.id, job.attempt, job.crashes, job.checkpoint],
        [record.task, record.where, record.opts, record.body],
    ]


def held_from_wire(wire: list[Any], now: float) -> Held:
    """What `held_to_wire` made; `now` is monotonic."""
    (queue, token, now_ms), (job_id, attempt, crashes, kept), record = wire
    job = ClaimedJob(job_id, attempt, crashes, Record(*record), checkpoint=kept)
    return Held(job, Lease(queue, token, 1, now_ms, now))


def ended_to_wire(ended: Ended) -> list[Any]:
    """How a job ended, for the process that holds it."""
    return [type(ended.outcome).__name__, [*ended.outcome], ended.seconds]


def ended_from_wire(wire: list[Any], held: Held) -> Ended:
    """What `ended_to_wire` made; it was logged where it ran."""
    name, values, seconds = wire
    return Ended(held, _OUTCOMES[name](*values), seconds, is_logged=True)

"""Jobs that follow from others: made in the step that settles those, relayed to other queues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgpack

from streamq.operations.admit import opts_of
from streamq.operations.bind import bind, text, words
from streamq.operations.enqueue import NewJob, job_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamq.budget import Budget
    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value

WIDTH = 8  # values of one follow-up: its queue, then the job's


@dataclass(frozen=True, slots=True)
class Sent:
    """A job on its way to another queue."""

    entry: str  # in the outbox
    queue: str  # that it goes to
    job: NewJob


def follow_up(queue: str, job: NewJob, budget: Budget | None = None) -> tuple[Value, ...]:
    """A follow-up of a settled job, for its `follow`; `queue` is empty for that job's own one.

    It has no idempotency key: the step that makes it is done once. It counts in its queue's
    `budget`, but is never refused; one whose unique key is held makes no job of its own.
    """
    return (queue, *job_values(replace(job, opts=opts_of(job, budget))))


def packed(follows: Iterable[Sequence[Value]]) -> bytes:
    """The follow-ups of a settling call's items, as `lua/lib/follow.lua` takes them."""
    flat: list[Value] = []
    for number, values in enumerate(follows, 1):
        for at in range(0, len(values), WIDTH):
            flat += (str(number), *values[at : at + WIDTH])
    return bytes(msgpack.packb(flat, use_bin_type=False)) if flat else b""


def relay(keys: QueueKeys, *, source: str, jobs: Sequence[Sent]) -> Call[list[str]]:
    """Accepts 1 to 200 jobs from the outbox of another queue, in its order: OK or ALREADY."""
    items = [part for sent in jobs for part in (sent.entry, *job_values(sent.job))]
    return bind("relay", keys, words, items=items, source=source)


def forward(
    keys: QueueKeys, *, arrived: Sequence[str] = (), after: str = "0-0", limit: int = 100
) -> Call[list[Sent]]:
    """Takes up to 200 entries that have arrived out of the outbox; reads up to 200 after one."""
    return bind("forward", keys, _read_forward, items=arrived, after=after, limit=limit)


def _read_forward(reply: list[Any]) -> list[Sent]:
    return [_sent(reply[at : at + 8]) for at in range(0, len(reply), 8)]


def _sent(part: list[bytes]) -> Sent:
    entry, queue, job_id, due, expires, task, opts = map(text, part[:7])
    return Sent(entry, queue, NewJob(job_id, task, part[7], due, expires, opts))

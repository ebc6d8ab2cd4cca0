"""Accepting jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from streamq.operations.bind import text
from streamq.operations.call import Call
from streamq.scripts import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Value

PRODUCER_TTL_MS = 4 * 3600 * 1000  # a producer renews its id long before


class ProducerGap(Exception):
    """The server doesn't know this producer's last call: nothing was changed, call as a new one."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An idempotency key as the script wants it."""

    digest: str  # hex, of task and key
    args_digest: str  # hex, of the arguments
    ttl_ms: int  # how long the key is remembered


@dataclass(frozen=True, slots=True)
class NewJob:
    """One job to enqueue."""

    id: str
    task: str
    body: bytes  # the encoded call
    due: str = "0"  # "0" now, "+ms" from now, "@ms" at that Unix time
    expires: str = "-"  # "-" never, "+ms", "@ms"
    opts: str = "-"  # what scripts read of the call's options: "c=<max_crashes>", comma-separated
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of one job of an enqueue call."""

    word: str  # OK, ALREADY (an earlier try of this call did it), EXISTS, CONFLICT
    id: str  # the job's own id, or for EXISTS and CONFLICT the first job's


def enqueue(
    keys: QueueKeys, *, producer: str, counter: int, jobs: Sequence[NewJob]
) -> Call[list[Enqueued]]:
    """Accepts 1 to 200 jobs; again with the same producer and counter changes nothing.

    The reader raises `ProducerGap` where the server does not know the producer's last call.
    """
    script = load("enqueue")
    args: list[Value] = [counter, PRODUCER_TTL_MS]
    bound = [*keys.bound(_static_keys()), keys.producer(producer)]
    before = len(bound)
    for job in jobs:
        idem = "-"
        if job.idempotency:
            bound.append(keys.idempotency(job.idempotency.digest))
            index = len(bound) - before
            idem = f"{index} {job.idempotency.ttl_ms} {job.idempotency.args_digest}"
        args += job_values(job, idem)
    return Call(script, bound, args, partial(_read, jobs), keys.queue)


def job_values(job: NewJob, idempotency: str = "-") -> tuple[Value, ...]:
    """A job as scripts accept it: the values that `lua/lib/accept.lua` names."""
    return (job.id, job.due, job.expires, idempotency, job.task, job.opts, job.body)


@cache
def _static_keys() -> tuple[str, ...]:
    """The names of all but the producer's key, which is the last."""
    return load("enqueue").keys[:-1]


def _read(jobs: Sequence[NewJob], reply: list[bytes] | bytes) -> list[Enqueued]:
    if not isinstance(reply, list):  # "OK*n": all are new
        return [Enqueued("OK", job.id) for job in jobs]
    if text(reply[0]) == "GAP":
        raise ProducerGap
    answers = []
    for job, answer in zip(jobs, reply, strict=True):
        word, _, other = text(answer).partition(" ")
        answers.append(Enqueued(word, other or job.id))
    return answers

"""Accepting jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

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
    unique: str = ""  # its unique key, as `lua/lib/unique.lua` names it; such jobs are admitted
    around: Any = None  # what the application has begun around it, to be told how it went


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of one job of an enqueue call."""

    word: str  # OK, ALREADY (an earlier try of this call did it), EXISTS, CONFLICT, REPLACED, TAKEN
    id: str  # the job's own id, or that of the job that the call stands for


def enqueue(
    keys: QueueKeys, *, producer: str, counter: int, jobs: Sequence[NewJob]
) -> Call[list[Enqueued]]:
    """Accepts 1 to 200 jobs; again with the same producer and counter changes nothing.

    The reader raises `ProducerGap` where the server does not know the producer's last call.
    """
    script = load("enqueue")
    args: list[Value] = [counter, PRODUCER_TTL_MS]
    bound = [*keys.bound(_static_keys()), keys.producer(producer)]
    first = len(bound)
    for job in jobs:
        args += job_values(job, idempotency_value(keys, job, bound, first))
    return Call(script, bound, args, partial(read_words, jobs), keys.queue)


def idempotency_value(keys: QueueKeys, job: NewJob, bound: list[str], first: int) -> str:
    """What the script is told of its key, which is added to `bound`; these begin at `first`."""
    if job.idempotency is None:
        return "-"
    bound.append(keys.idempotency(job.idempotency.digest))
    return f"{len(bound) - first} {job.idempotency.ttl_ms} {job.idempotency.args_digest}"


def job_values(job: NewJob, idempotency: str = "-") -> tuple[Value, ...]:
    """A job as scripts accept it: the values that `lua/lib/accept.lua` names."""
    return (job.id, job.due, job.expires, idempotency, job.task, job.opts, job.body)


@cache
def _static_keys() -> tuple[str, ...]:
    """The names of all but the producer's key, which is the last."""
    return load("enqueue").keys[:-1]


def read_words(jobs: Sequence[NewJob], reply: list[bytes] | bytes) -> list[Enqueued]:
    """What became of each job, of a script's reply."""
    if not isinstance(reply, list):  # "OK*n": all are new
        return [Enqueued("OK", job.id) for job in jobs]
    if text(reply[0]) == "GAP":
        raise ProducerGap
    answers = []
    for job, answer in zip(jobs, reply, strict=True):
        word, _, other = text(answer).partition(" ")
        answers.append(Enqueued(word, other or job.id))
    return answers

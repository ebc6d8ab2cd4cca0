"""Accepting jobs that may be one with others, and into queues that may be full."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from streamq.errors import QueueFull
from streamq.operations.bind import text
from streamq.operations.call import Call
from streamq.operations.enqueue import (
    PRODUCER_TTL_MS,
    idempotency_value,
    job_values,
    read_words,
)
from streamq.scripts import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.budget import Budget
    from streamq.keys import QueueKeys
    from streamq.operations.call import Value
    from streamq.operations.enqueue import (
        Enqueued,
        NewJob,
    )


def admit(
    keys: QueueKeys,
    *,
    producer: str,
    counter: int,
    jobs: Sequence[NewJob],
    budget: Budget | None = None,
) -> Call[list[Enqueued]]:
    """As `enqueue`, and calls with the same unique key make one job.

    The reader raises `QueueFull` where the budget has no room for all that is new; then, as with
    `ProducerGap`, nothing was changed.
    """
    script = load("admit")
    args: list[Value] = [counter, PRODUCER_TTL_MS, _budget(budget)]
    bound = [*keys.bound(script.keys[:-1]), keys.producer(producer)]
    first = len(bound)
    for job in jobs:
        told = replace(job, opts=opts_of(job, budget))
        args += job_values(told, idempotency_value(keys, job, bound, first))
    return Call(script, bound, args, partial(_read, keys.queue, jobs), keys.queue)


def opts_of(job: NewJob, budget: Budget | None) -> str:
    """What scripts read of a job's options, with its key and its share of the budget."""
    parts = [] if job.opts == "-" else [job.opts]
    if job.unique:
        parts.append(job.unique)
    if budget is not None and budget.max_bytes is not None:
        parts.append(f"z={len(job.body)}")
    return ",".join(parts) or "-"


def _budget(budget: Budget | None) -> str:
    if budget is None:
        return "-"
    most = ("" if one is None else str(one) for one in (budget.max_jobs, budget.max_bytes))
    return " ".join(most)


def _read(queue: str, jobs: Sequence[NewJob], reply: list[bytes]) -> list[Enqueued]:
    if reply and text(reply[0]) == "FULL":
        budget, used, limit, asked = map(text, reply[1:5])
        raise QueueFull(queue, f"max_{budget}", int(used), int(limit), int(asked))
    return read_words(jobs, reply)

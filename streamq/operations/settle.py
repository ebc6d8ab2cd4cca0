"""The ways a claim ends. Only its holder settles a job; each item is answered with a word.

OK; ALREADY: an earlier try of this very call did it, which is success; CANCELLED: that was asked
for while it ran, and instead of going on somehow it has ended so; LEASELOST: the job is not
this claim's any more and nothing was changed. `seq` numbers a worker's settling calls in one queue,
one in flight at a time: a repeat has the same number, the next call a higher one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from streamq.operations.bind import bind, words
from streamq.operations.follow import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value

RESULTS_CAP = 100_000  # outcomes kept per queue
DEAD_CAP = 100_000  # dead jobs kept per queue


class Ack(NamedTuple):
    """A job that succeeded."""

    id: str
    token: str
    task: str
    kind: (
        str  # ok, none (its result is not kept), unsendable (it can't be encoded, or is too large)
    )
    run_ms: int
    ttl_ms: int  # how long the outcome is kept; 0: not at all
    value: bytes = b""  # the encoded result; for `unsendable` the reason
    follow: Sequence[Value] = ()  # what follows from it: `follow_up` each, at most 200


class Again(NamedTuple):
    """A job to run again later."""

    id: str
    token: str
    delay_ms: int
    counted: bool  # False: a snooze, the attempt does not count
    error: bytes = b""  # the encoded failure, if there was one
    task: str = ""  # for its counters


class Burial(NamedTuple):
    """A job that is dead."""

    id: str
    token: str
    task: str
    reason: str  # failed, given-up, undecodable, not-accepted, arguments, refused, …: one word
    run_ms: int
    error: bytes  # the encoded failure
    follow: Sequence[Value] = ()  # as of an Ack


class HandBack(NamedTuple):
    """A job handed back unrun, or whose process crashed."""

    id: str
    token: str
    crashed: bool = False
    unused: bool = False  # it never began: its rates may give its start to another


class Stray(NamedTuple):
    """A job whose task this worker doesn't know."""

    id: str
    token: str
    task: str


def _tasks(names: Sequence[str]) -> dict[str, int]:
    """Distinct task names with their index from 2: which of the keys is whose `ended` list."""
    return {name: index for index, name in enumerate(dict.fromkeys(names), 2)}


def ack(
    keys: QueueKeys,
    *,
    worker: str,
    seq: int,
    jobs: Sequence[Ack],
    results_cap: int = RESULTS_CAP,
) -> Call[list[str]]:
    """Ends 1 to 200 jobs as succeeded, with results and follow-ups (200 in all), in one step."""
    index = _tasks([job.task for job in jobs])
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, j.kind, j.run_ms, index[j.task], j.ttl_ms, j.value)
    return bind(
        "ack",
        keys,
        words,
        more_keys=(keys.key("schedule_ended"), *map(keys.ended, index)),
        items=items,
        worker=worker,
        seq=seq,
        results_cap=results_cap,
        follow_ups=packed(job.follow for job in jobs),
    )


def retry(keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[Again]) -> Call[list[str]]:
    """Schedules 1 to 200 running jobs to run again after their delay."""
    items: list[Value] = []
    for j in jobs:
        reason = "retry" if j.counted else "snooze"
        items += (j.id, j.token, j.delay_ms, int(j.counted), reason, j.error, j.task)
    return bind("retry", keys, words, items=items, worker=worker, seq=seq)


def bury(
    keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[Burial], dead_cap: int = DEAD_CAP
) -> Call[tuple[int, list[str]]]:
    """Ends 1 to 200 jobs as dead, with at most 200 follow-ups in all.

    Reads how many older dead jobs the cap removed, and the words.
    """
    index = _tasks([job.task for job in jobs])
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, j.reason, j.run_ms, index[j.task], j.error)
    return bind(
        "bury",
        keys,
        lambda reply: (reply[0], words(reply[1:])),
        more_keys=(keys.key("schedule_ended"), *map(keys.ended, index)),
        items=items,
        worker=worker,
        seq=seq,
        dead_cap=dead_cap,
        follow_ups=packed(job.follow for job in jobs),
    )


def release(
    keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[HandBack], dead_cap: int = DEAD_CAP
) -> Call[list[str]]:
    """Hands 1 to 200 jobs back: claimable at once, in their place, the attempt not counted.

    A crashed one is counted as such; POISON: that was one crash too many, it is dead now.
    """
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, 2 if j.unused else int(j.crashed))
    return bind("release", keys, words, items=items, worker=worker, seq=seq, dead_cap=dead_cap)


def strand(keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[Stray]) -> Call[list[str]]:
    """Sets 1 to 200 jobs aside for a worker that knows their task, the attempt not counted."""
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, j.task)
    return bind("strand", keys, words, items=items, worker=worker, seq=seq)

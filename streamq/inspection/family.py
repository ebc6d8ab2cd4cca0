"""The jobs that a job has enqueued, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import Command, queues_of
from streamq.errors import UnknownJob
from streamq.inspection.details import looks
from streamq.inspection.ended import find_summaries
from streamq.job import Child, JobState
from streamq.operations import CHILDREN, read_trail

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo
    from streamq.keys import QueueKeys

SHOWN = 200  # children, the newest


def children_of(app: StreamQ, keys: QueueKeys, job_id: str) -> Question[tuple[Child, ...]]:
    """The newest of them, the oldest first; kept as long as its log is, over all its runs."""
    key = keys.trail(CHILDREN, job_id)
    reply = yield Command(("XREVRANGE", key, "+", "-", "COUNT", SHOWN), key)
    said = [entry.value.decode("utf-8", "replace") for entry in read_trail(reply[::-1])]
    tasks = dict(one.partition(" ")[::2] for one in said)
    if not tasks:
        return ()
    known: dict[str, JobInfo] = {}
    try:
        by_queue = yield from queues_of(app, tasks)
    except UnknownJob:  # touched by hand, or a queue's name is known no more
        by_queue = {}
    for queue, ids in by_queue.items():
        found = yield from looks(app, app.keys(queue), ids)
        known |= {info.id: info for info in found if info.state is not JobState.UNKNOWN}
        for task in sorted({tasks[one] for one in ids if one not in known}):
            ended = yield from find_summaries(app, queue, task)
            known |= {one: ended[one] for one in ids if one not in known and one in ended}
    return tuple(_child(one, task, known.get(one)) for one, task in tasks.items())


def _child(job_id: str, task: str, info: JobInfo | None) -> Child:
    return Child(job_id, task, info.state, info.reason) if info else Child(job_id, task)

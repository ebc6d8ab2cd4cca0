"""Whether anybody is there who could run a job."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from streamq.inspection.ended import published_tasks
from streamq.inspection.reason import Reason
from streamq.inspection.workers import workers_of_queue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo


def nobody_question(app: StreamQ, info: JobInfo) -> Question[list[Reason]]:
    """Why nobody could run it now: no worker of its queue lives, or none knows its task."""
    workers = yield from workers_of_queue(app, info.queue)
    alive = [worker for worker in workers if worker.alive]
    if not alive:
        return [Reason("no worker", f"no worker serves queue {info.queue!r} now")]
    known = [worker.knows for worker in alive]
    if any(not names or info.task in names for names in known):  # none named: an older release
        return []
    return [unknown_task(app, info, (name for names in known for name in names))]


def stranded_question(app: StreamQ, info: JobInfo) -> Question[Reason]:
    """Why a job stands aside whose task no worker knew."""
    return unknown_task(app, info, (yield from published_tasks(app, info.queue)))


def unknown_task(app: StreamQ, info: JobInfo, others: Iterable[str]) -> Reason:
    """That nobody knows its task, and which one may have been meant."""
    known = sorted({*others, *app.tasks} - {info.task})
    near = get_close_matches(info.task, known, 1)
    hint = f"; the nearest known is {near[0]!r}" if near else ""
    return Reason(
        "unknown task",
        f"no worker that serves queue {info.queue!r} knows task {info.task!r}{hint}",
    )

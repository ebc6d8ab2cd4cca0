"""Summaries of jobs that have ended: the last 1,000 of each task, results kept or not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamq.asking import Command, known_queues, scan
from streamq.ids import id_keeps_result
from streamq.inspection.details import state_of_kind
from streamq.inspection.places import JobPage
from streamq.job import Attempt, JobInfo, JobState
from streamq.job_reading import moment

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question

SUMMARIES = 1000  # kept of each task
_TASKS = 200  # looked at, of one queue
_SHORT = 5  # words without the worker: of a dead job, or from another release


def ended_question(
    app: StreamQ, queues: list[str], cursor: str = "", limit: int = 50
) -> Question[JobPage]:
    """A page of the jobs of these queues that ended, the newest first."""
    skip = int(cursor) if cursor.isdecimal() else 0
    if cursor and not cursor.isdecimal():
        raise ValueError(f"{cursor!r} is no cursor of this list")
    wanted = min(skip + limit + 1, SUMMARIES)
    jobs: list[JobInfo] = []
    for queue in queues:
        jobs += yield from _of_queue(app, queue, wanted)
    jobs.sort(key=lambda job: job.ended_at.timestamp() if job.ended_at else 0.0, reverse=True)
    more = len(jobs) > skip + limit
    return JobPage(jobs[skip : skip + limit], str(skip + limit) if more else "")


def find_ended(app: StreamQ, queue: str, job_id: str) -> Question[JobInfo | None]:
    """The summary of one job, where it is still kept."""
    jobs = yield from _of_queue(app, queue, SUMMARIES)
    return next((_with_last_run(job) for job in jobs if job.id == job_id), None)


def _with_last_run(job: JobInfo) -> JobInfo:
    """The run that ended it is all that is known of its runs; a result that it had is gone."""
    if job.state is JobState.SUCCEEDED and id_keeps_result(job.id):
        job = replace(job, problem="result: it was kept until its time, and is gone")
    if not job.worker:
        return job
    seconds = job.run_seconds or 0.0
    last = Attempt(job.attempt, str(job.state), job.worker, job.started_at, seconds)
    return replace(job, attempts=(last,))


def find_summaries(app: StreamQ, queue: str, task: str) -> Question[dict[str, JobInfo]]:
    """The last ended jobs of one task by id, and what was dropped of its queue."""
    keys, found = app.keys(queue), dict[str, JobInfo]()
    for key, name in ((keys.ended(task), task), (keys.key("dropped"), "")):
        lines = yield Command(("LRANGE", key, 0, SUMMARIES - 1), key)
        found |= {job.id: job for line in lines if (job := _summary(line, queue, name))}
    return found


def published_tasks(app: StreamQ, queue: str) -> Question[list[str]]:
    """The tasks that workers of this queue have published."""
    fields = yield from scan("HSCAN", app.keys(queue).key("policy"))
    return sorted(name for name in fields[::2] if not name.startswith("@"))  # of whole queues


def tasks_question(app: StreamQ) -> Question[list[str]]:
    """The tasks that workers of any queue have published."""
    found: set[str] = set()
    for queue in (yield from known_queues(app)):
        found.update((yield from published_tasks(app, queue)))
    return sorted(found)


def _of_queue(app: StreamQ, queue: str, wanted: int) -> Question[list[JobInfo]]:
    jobs: list[JobInfo] = []
    for key, task in (yield from _lists(app, queue)):
        lines = yield Command(("LRANGE", key, 0, wanted - 1), key)
        jobs += [job for line in lines if (job := _summary(line, queue, task))]
    return jobs


def _lists(app: StreamQ, queue: str) -> Question[list[tuple[str, str]]]:
    """The keys of a queue's summaries, each with its task; empty: of many."""
    keys = app.keys(queue)
    published = yield from published_tasks(app, queue)
    own = [name for name, task in app.tasks.items() if task.task_options.queue == queue]
    tasks = sorted({*published, *own})[:_TASKS]
    return [*((keys.ended(task), task) for task in tasks), (keys.key("dropped"), "")]


def ended_total(app: StreamQ, queues: list[str]) -> Question[int]:
    """How many summaries there are."""
    total = 0
    for queue in queues:
        for key, _ in (yield from _lists(app, queue)):
            total += yield Command(("LLEN", key), key)
    return total


def _summary(line: bytes, queue: str, task: str) -> JobInfo | None:
    """`id kind attempts run_ms ended_ms`; then the worker, or in `dropped` the task."""
    parts = line.decode("utf-8", "replace").split(" ", 5)
    try:
        job_id, kind, attempts, run_ms, ended_ms = parts[:5]
        state, reason = state_of_kind(kind)
        ran = kind not in {"cancelled", "expired"} or run_ms != "0"
        return JobInfo(
            job_id,
            task=task or parts[5],
            queue=queue,
            state=state,
            reason=reason,
            attempt=int(attempts),
            ended_at=moment(int(ended_ms)),
            started_at=moment(int(ended_ms) - int(run_ms)) if ran else None,
            run_seconds=int(run_ms) / 1000 if ran else None,
            worker=parts[5] if task and len(parts) > _SHORT else "",
        )
    except (ValueError, IndexError):  # another release's words
        return None

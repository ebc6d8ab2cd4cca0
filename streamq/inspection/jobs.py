"""One job, and why it is where it is."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from streamq.asking import PAGE, known_queues, queues_of
from streamq.errors import UnknownJob
from streamq.inspection.details import looks
from streamq.inspection.ended import find_ended, published_tasks
from streamq.inspection.held import why_held
from streamq.inspection.overview import counts_question
from streamq.job import JobState
from streamq.job_reading import NO_WORKER
from streamq.operations import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.job import JobInfo

COUNTED = 1000  # jobs in front that are counted, at most
_WAITED = {
    "released": "handed back unrun by a worker that stopped",
    "reclaimed": "taken back from a worker whose lease ran out",
    "crashed": "taken back from a worker that was killed",
    "retry": "its retry is due",
    "due": "it is due",
    "revived": "it was dead, and is to run again",
}
_DIED = {
    "failed": "its last attempt failed",
    "given-up": "the task gave it up",
    "too-old": "its next run would have been past max_age",
    "poison": "it was running when its worker was killed, too often",
    "undecodable": "its arguments can't be decoded",
    "not-accepted": "its arguments are of a kind that accept_content doesn't name",
    "arguments": "its arguments don't fit the function any more",
}


def job_question(app: StreamQ, job_id: str) -> Question[JobInfo]:
    """All of a job; `UnknownJob` where nobody knows the id.

    A job whose result wasn't kept is found for as long as it is among its task's last 1,000.
    """
    ((queue, ids),) = (yield from queues_of(app, [job_id])).items()
    (info,) = yield from looks(app, app.keys(queue), ids)
    if info.state is not JobState.UNKNOWN or info.problem:
        return info
    summary = yield from find_ended(app, queue, job_id)
    if summary is None:
        known = yield from known_queues(app)
        seen = "" if queue in known else f", and no queue {queue!r} was ever used here"
        raise UnknownJob(
            f"Nobody knows job {job_id}{seen}.\n"
            "Mistyped, of another server or namespace, or it ended longer ago than is kept.",
            job_id=job_id,
        )
    return summary


def why_question(app: StreamQ, info: JobInfo) -> Question[str]:
    """Why a job is where it is, in a sentence; what it waits for, and behind whom."""
    if info.state is JobState.WAITING:
        return (yield from _why_waiting(app, info))
    if info.state is JobState.PARKED:
        return (yield from _why_parked(app, info))
    says = _SAYS.get(info.state)
    return says(info) if says else ""


def _why_waiting(app: StreamQ, info: JobInfo) -> Question[str]:
    queue = yield from counts_question(app, info.queue)
    before, exact = yield from _jobs_before(app, info)
    said = [_WAITED[info.reason]] if info.reason in _WAITED else []
    if before == 0 and exact:
        said.append("next in its queue")
    elif exact:
        said.append(f"behind {before:,} job{'s' if before > 1 else ''}")
    else:
        said.append(f"behind more than {before:,} jobs of {queue.waiting:,} that wait")
    if queue.workers == 0:
        said.append(f"no worker serves queue {info.queue!r} now")
    return "; ".join(said)


def _jobs_before(app: StreamQ, info: JobInfo) -> Question[tuple[int, bool]]:
    """How many jobs go first, and whether that is all of them."""
    cursor, before = "", 0
    while before < COUNTED:
        call = page(app.keys(info.queue), place="waiting", cursor=cursor, limit=PAGE)
        (found,) = yield [call]
        if info.id in found.ids:
            return before + found.ids.index(info.id), True
        before += len(found.ids)
        cursor = found.cursor
        if not cursor:  # it has moved on meanwhile
            return 0, True
    return before, False


def _why_parked(app: StreamQ, info: JobInfo) -> Question[str]:
    if info.reason != NO_WORKER:
        return (yield from why_held(app, info))
    published = yield from published_tasks(app, info.queue)
    known = sorted({*published, *app.tasks} - {info.task})
    near = get_close_matches(info.task, known, 1)
    hint = f"; the nearest known is {near[0]!r}" if near else ""
    return f"no worker that serves queue {info.queue!r} knows task {info.task!r}{hint}"


def _why_scheduled(info: JobInfo) -> str:
    due = f"due at {_clock(info.due_at)}"
    if info.reason == "retry":
        return f"retry after attempt {info.attempt} failed{_blame(info)}; {due}"
    if info.reason == "snooze":
        return f"the task asked to be run again later; {due}"
    return due


def _why_running(info: JobInfo) -> str:
    again = f", attempt {info.attempt}" if info.attempt > 1 else ""
    asked = f"; {info.reason}" if info.reason else ""
    return f"runs since {_clock(info.started_at)} on {info.worker or 'a worker'}{again}{asked}"


def _why_cancelled(info: JobInfo) -> str:
    return f"it was cancelled {'while it ran' if info.run_seconds else 'before it started'}"


def _why_dead(info: JobInfo) -> str:
    return _DIED.get(info.reason, info.reason) + _blame(info)


def _blame(info: JobInfo) -> str:
    if info.error is None:
        return ""
    named = getattr(info.error, "type_name", type(info.error).__name__)
    text = str(info.error).strip()
    line = text.splitlines()[0] if text else ""
    return f": {line if line.startswith(named) else f'{named}: {line}'}"


def _clock(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "an unknown time"


_SAYS: Mapping[JobState, Callable[[JobInfo], str]] = {
    JobState.SCHEDULED: _why_scheduled,
    JobState.RUNNING: _why_running,
    JobState.DEAD: _why_dead,
    JobState.CANCELLED: _why_cancelled,
    JobState.EXPIRED: lambda _: "its `expires` passed before it could start",
}

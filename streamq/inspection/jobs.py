"""One job, and why it is where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamq.asking import known_queues, queues_of
from streamq.errors import SoftTimeLimitExceeded, TimeLimitExceeded, UnknownJob
from streamq.inspection.details import looks
from streamq.inspection.ended import find_ended
from streamq.inspection.family import children_of
from streamq.inspection.held import why_held
from streamq.inspection.reason import Reason
from streamq.inspection.why_running import why_running
from streamq.inspection.why_waiting import why_waiting
from streamq.job import JobInfo, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from streamq.app import StreamQ
    from streamq.asking import Question

_DIED = {
    "failed": "its last attempt failed",
    "timed-out": "its last attempt timed out",
    "given-up": "the task gave it up",
    "too-old": "no run of it was to begin after its max_age",
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
    (info,) = yield from looks(app, app.keys(queue), ids, attempts=True)
    children = yield from children_of(app, app.keys(queue), job_id)
    if info.state is not JobState.UNKNOWN or info.problem:
        return replace(info, children=children)
    summary = yield from find_ended(app, queue, job_id)
    if summary is None:
        known = yield from known_queues(app)
        seen = "" if queue in known else f", and no queue {queue!r} was ever used here"
        raise UnknownJob(
            f"Nobody knows job {job_id}{seen}.\n"
            "Mistyped, of another server or namespace, or it ended longer ago than is kept.",
            job_id=job_id,
        )
    return replace(summary, children=children)


def reasons_question(app: StreamQ, info: JobInfo) -> Question[list[Reason]]:
    """Why a job is where it is, a thing at a time: what it waits for, and behind whom.

    Raises TypeError for anything but the `JobInfo` that `job` gives.
    """
    if not isinstance(info, JobInfo):
        raise TypeError(f"reasons of {info!r}: give the JobInfo, as inspection.job(app, id) does")
    asks = _ASKS.get(info.state)
    if asks is not None:
        return (yield from asks(app, info))
    says = _SAYS.get(info.state)
    return [Reason(info.reason or str(info.state), says(info))] if says else []


def why_question(app: StreamQ, info: JobInfo) -> Question[str]:
    """The reasons in a sentence; empty where there is nothing to say."""
    found = yield from reasons_question(app, info)
    return "; ".join(reason.text for reason in found)


def _why_scheduled(info: JobInfo) -> str:
    due = f"due at {_clock(info.due_at)}"
    if info.reason == "retry":
        return f"retry after attempt {info.attempt} {_how(info)}{_blame(info)}; {due}"
    if info.reason == "snooze":
        return f"the task asked to be run again later; {due}"
    return due


def _why_cancelled(info: JobInfo) -> str:
    return f"it was cancelled {'while it ran' if info.run_seconds else 'before it started'}"


def _why_dead(info: JobInfo) -> str:
    return _DIED.get(info.reason, info.reason) + _blame(info)


def _how(info: JobInfo) -> str:
    over = isinstance(info.error, (SoftTimeLimitExceeded, TimeLimitExceeded))
    return "timed out" if over else "failed"


def _blame(info: JobInfo) -> str:
    if info.error is None:
        return ""
    named = getattr(info.error, "type_name", type(info.error).__name__)
    text = str(info.error).strip()
    line = text.splitlines()[0] if text else ""
    return f": {line if line.startswith(named) else f'{named}: {line}'}"


def _clock(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "an unknown time"


_ASKS: Mapping[JobState, Callable[[StreamQ, JobInfo], Question[list[Reason]]]] = {
    JobState.WAITING: why_waiting,
    JobState.PARKED: why_held,
    JobState.RUNNING: why_running,
}
_SAYS: Mapping[JobState, Callable[[JobInfo], str]] = {
    JobState.SCHEDULED: _why_scheduled,
    JobState.DEAD: _why_dead,
    JobState.CANCELLED: _why_cancelled,
    JobState.EXPIRED: lambda _: "its `expires` passed before it could start",
}

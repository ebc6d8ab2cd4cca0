"""What `streamq inspect` shows, each as text for people and as a document for programs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq import inspection
from streamq.cli.documents import plain
from streamq.cli.failures import BadAnswer
from streamq.cli.inspect_job import job_text
from streamq.cli.wording import ago, call_text, one_line, since
from streamq.inspection import PENDING, Place
from streamq.job import JobState
from streamq.job_reading import moment
from streamq.option_checks import nearest
from streamq.terminal import Column, dim, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamq.app import StreamQ
    from streamq.inspection import QueueInfo, WorkerInfo
    from streamq.job import JobInfo

PLACES = [str(place) for place in Place]
_COUNTED = ("waiting", "scheduled", "parked", "running", "dead", "workers")


@dataclass(frozen=True, slots=True)
class View:
    """One thing to show."""

    text: str
    document: Mapping[str, Any]


class Queues:
    """The queues; from the second time on with what happened since the first."""

    def __init__(self, app: StreamQ, wanted: list[str]) -> None:
        self._app = app
        self._wanted = wanted
        self._before: dict[str, tuple[float, int]] = {}

    def __call__(self) -> View:
        """Look once."""
        found = inspection.queues(self._app)
        check_queues(self._wanted, [queue.queue for queue in found])
        if self._wanted:
            found = [queue for queue in found if queue.queue in self._wanted]
        rates = {queue.queue: self._rate(queue) for queue in found}
        documents = [
            {**plain(queue), "pending": queue.pending, "rate": rates[queue.queue]}
            for queue in found
        ]
        return View(self._text(found, rates), {"queues": documents})

    def _rate(self, queue: QueueInfo) -> float | None:
        """Jobs that ended well, per second, since the last look."""
        ended, now = queue.counters.get("succeeded", 0), time.monotonic()
        then, before = self._before.get(queue.queue, (now, ended))
        self._before[queue.queue] = (now, ended)
        return round((ended - before) / (now - then), 1) if now > then else None

    def _text(self, found: Sequence[QueueInfo], rates: Mapping[str, float | None]) -> str:
        if not found:
            return "No queue was ever used here."
        columns = [Column("QUEUE", cut=True), *(Column(it.upper(), right=True) for it in _COUNTED)]
        columns += [Column("DONE", right=True), Column("RATE", right=True)]
        columns += [Column("OLDEST", right=True), Column("NEXT DUE", right=True)]
        rows = [
            [
                queue.queue,
                *(f"{getattr(queue, it):,}" for it in _COUNTED),
                f"{queue.counters.get('succeeded', 0):,}",
                "" if (rate := rates[queue.queue]) is None else f"{rate:,.1f}/s",
                ago(queue.oldest_seconds),
                "" if queue.next_due_seconds is None else f"in {ago(queue.next_due_seconds)}",
            ]
            for queue in found
        ]
        return table(columns, rows)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    cursor: str  # empty: from the start
    everything: bool  # all pages from there on


def jobs(app: StreamQ, what: str, queues: list[str], wanted: Page) -> View:
    """A page of jobs, or all pages of them."""
    known = [queue.queue for queue in inspection.queues(app)]
    check_queues(queues, known)
    places = PENDING if what == "pending" else () if what == "ended" else (Place(what),)
    found: list[JobInfo] = []
    cursor = wanted.cursor
    while True:
        try:
            if places:
                page = inspection.walk(app, queues or known, places, cursor, wanted.limit)
            else:
                page = inspection.ended(app, queues or known, cursor, wanted.limit)
        except ValueError as error:
            raise BadAnswer(f"--cursor: {error}") from None
        found += page
        cursor = page.cursor
        if not (wanted.everything and cursor):
            break
    document = {"what": what, "jobs": plain(found), "cursor": cursor}
    return View(jobs_text(what, found, cursor), document)


def jobs_text(what: str, found: Sequence[JobInfo], cursor: str, which: str = "") -> str:
    """A line for each, and how to go on."""
    if not found:
        return f"No {which}{what} jobs."
    when = {"dead": "DIED", "ended": "ENDED", "running": "SINCE", "scheduled": "DUE"}
    columns = [Column("ID"), Column("TASK", cut=True), Column("QUEUE", cut=True)]
    columns += [Column("STATE"), Column("ATTEMPT", right=True), Column(when.get(what, "SINCE"))]
    last = {"dead": "ERROR", "ended": "RAN"}.get(what, "CALL")
    columns += [Column(last, cut=True)]
    rows = [
        [
            job.id,
            job.task,
            job.queue,
            f"{job.state} ({job.reason})" if job.reason else str(job.state),
            job.attempt or "",
            since(_moment(job)),
            job.problem or _said(job),
        ]
        for job in found
    ]
    text = table(columns, rows)
    if cursor:
        text += "\n" + dim(f"More: --cursor '{cursor}', --limit N, or --all")
    return text


def _moment(job: JobInfo) -> Any:
    if job.state is JobState.SCHEDULED:
        return job.due_at
    return job.ended_at or job.started_at or job.enqueued_at


def _said(job: JobInfo) -> str:
    if job.error is not None:
        return one_line(job.error)
    return ago(job.run_seconds) if job.ended_at is not None else call_text(job)


def all_workers(app: StreamQ, queues: list[str]) -> View:
    """The workers that have said something of themselves."""
    found = inspection.workers(app)
    if queues:
        check_queues(queues, [queue.queue for queue in inspection.queues(app)])
        found = [worker for worker in found if set(queues) & set(worker.queues)]
    return View(_workers_text(found), {"workers": plain(found)})


def _workers_text(found: Sequence[WorkerInfo]) -> str:
    if not found:
        return "No worker is known here; start one: streamq -A module worker"
    columns = [Column("WORKER", cut=True), Column("STATE"), Column("RUNNING", right=True)]
    columns += [Column("QUEUES", cut=True), Column("APP", cut=True), Column("THREADS", right=True)]
    columns += [Column("STARTED")]
    rows = [
        [
            worker.name,
            _state(worker),
            worker.running,
            ", ".join(worker.queues),
            worker.details.get("app", ""),
            worker.details.get("threads", ""),
            _started(worker),
        ]
        for worker in found
    ]
    return table(columns, rows)


def _state(worker: WorkerInfo) -> str:
    if not worker.alive:
        return f"gone {since(worker.alive_until)}"
    return {"quiet": "quiet", "stop": "stopping"}.get(worker.told, "alive")


def _started(worker: WorkerInfo) -> str:
    """From what it says of itself, which may be anything."""
    started = worker.details.get("started")
    return since(moment(started * 1000)) if isinstance(started, int | float) else ""


def one_job(app: StreamQ, job_id: str) -> View:
    """All of one job, and why it is where it is."""
    job = inspection.job(app, job_id)
    reasons = inspection.reasons(app, job)
    why = "; ".join(reason.text for reason in reasons)
    lines = app.result(job_id).log() if job.queue else []
    text = job_text(job, why, lines, app.conf.zone)
    return View(
        text, {"job": plain(job), "why": why, "reasons": plain(reasons), "log": plain(lines)}
    )


def check_queues(wanted: list[str], known: list[str]) -> None:
    """`BadAnswer` for a queue that nobody ever used, with the nearest one."""
    for queue in wanted:
        if queue not in known:
            hint = nearest(queue, known) if known else "; none ever was"
            raise BadAnswer(f"no queue {queue!r} was ever used here{hint}")

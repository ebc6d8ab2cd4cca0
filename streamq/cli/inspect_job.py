"""All of one job, for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from streamq.cli.wording import ago, call_text, clock, one_line, since, value_text
from streamq.ids import id_keeps_result
from streamq.job import JobState
from streamq.terminal import Column, bold, printable, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from streamq.job import Attempt, Child, JobInfo, LogLine, Progress

_LABEL = 10  # columns
_LINES = 20  # of its log
_CHILDREN = 20  # of its children
_LONGEST = 2000  # characters of arguments or result


def job_text(
    job: JobInfo, why: str, log: Sequence[LogLine] = (), zone: tzinfo | None = None
) -> str:
    """Line by line: a label and what there is to say; times in a zone, or this machine's."""
    lines = [
        f"{bold(label.ljust(_LABEL))} {printable(text)[:_LONGEST]}"
        for label, text in _facts(job, why, zone)
        if text
    ]
    lines += _children(job.children)
    lines += _attempts(job.attempts)
    # Of a job that succeeded in the end, that of its last failed attempt.
    told = (one.traceback for one in reversed(job.attempts) if one.traceback)
    trace = job.traceback or next(told, "")
    if trace:
        lines += [bold("traceback"), *(f"  {printable(it)}" for it in trace.splitlines())]
    if log:
        earlier = f" (the last {_LINES} of {len(log):,} lines)" if len(log) > _LINES else ""
        lines += [bold("log") + earlier]
        lines += [
            f"  {line.when.astimezone(zone):%H:%M:%S} {printable(line.text)}"
            for line in log[-_LINES:]
        ]
    return "\n".join(lines)


def _facts(job: JobInfo, why: str, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    yield "job", job.id
    yield "task", job.task
    yield "call", f"({call_text(job)})" if job.args or job.kwargs else ""
    yield "queue", job.queue
    yield "lane", job.lane
    yield "state", f"{job.state} ({job.reason})" if job.reason else str(job.state)
    yield "why", why
    yield "attempt", str(job.attempt or "")
    yield "crashes", str(job.crashes or "")
    yield "enqueued", clock(job.enqueued_at, zone)
    yield "due", clock(job.due_at, zone)
    yield "schedule", job.schedule and f"{job.schedule}, for {clock(job.scheduled_for, zone)}"
    yield "expires", clock(job.expires_at, zone)
    yield "started", clock(job.started_at, zone)
    yield "ended", clock(job.ended_at, zone)
    yield "ran", ago(job.run_seconds) if job.run_seconds is not None else ""
    yield "worker", job.worker
    yield "progress", _progress(job.progress)
    yield "parent", job.parent
    yield "tags", ", ".join(job.tags)
    yield "result", value_text(job.result) if _has_result(job) else ""
    yield "error", one_line(job.error)
    yield "problem", job.problem


def _children(children: Sequence[Child]) -> list[str]:
    """How they stand; a line for each of the newest."""
    if not children:
        return []
    states = Counter(str(one.state) for one in children)
    said = ", ".join(f"{number:,} {state}" for state, number in states.most_common())
    rows = [
        [one.id, one.task, f"{one.state} ({one.reason})" if one.reason else str(one.state)]
        for one in children[-_CHILDREN:]
    ]
    lines = table([Column("ID"), Column("TASK", cut=True), Column("STATE")], rows).splitlines()
    return [f"{bold('children'.ljust(_LABEL))} {said}", *(f"  {line}" for line in lines)]


def _attempts(attempts: Sequence[Attempt]) -> list[str]:
    """A line for each run that is over."""
    if not attempts:
        return []
    columns = [Column("ATTEMPT", right=True), Column("ENDED"), Column("STARTED"), Column("RAN")]
    columns += [Column("WORKER", cut=True), Column("ERROR", cut=True)]
    rows = [
        [
            one.number,
            one.how,
            since(one.started_at),
            ago(one.run_seconds),
            one.worker,
            one_line(one.error),
        ]
        for one in attempts
    ]
    return [bold("attempts"), *(f"  {line}" for line in table(columns, rows).splitlines())]


def _has_result(job: JobInfo) -> bool:
    return job.result is not None or (
        job.state is JobState.SUCCEEDED
        and id_keeps_result(job.id)
        and not job.reason
        and not job.problem
    )


def _progress(progress: Progress | None) -> str:
    if progress is None:
        return ""
    share = f" ({progress.fraction:.0%})" if progress.fraction is not None else ""
    total = "" if progress.total is None else f" of {progress.total:g}"
    return f"{progress.done:g}{total}{share} {progress.message}".rstrip()

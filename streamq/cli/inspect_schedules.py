"""Schedules as `streamq inspect schedules` and `streamq schedule list` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import inspection
from streamq.cli.documents import plain
from streamq.cli.failures import BadAnswer
from streamq.cli.inspect_views import View
from streamq.cli.wording import ago, clock, since
from streamq.option_checks import nearest
from streamq.terminal import Column, bold, printable, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamq.app import StreamQ
    from streamq.schedules.info import ScheduledRun, ScheduleInfo

_LABEL = 10  # columns


def all_schedules(app: StreamQ, queues: list[str]) -> View:
    """A line for each."""
    found = inspection.schedules(app)
    if queues:
        found = [one for one in found if one.queue in queues]
    return View(_table(found), {"schedules": plain(found)})


def one_schedule(app: StreamQ, name: str) -> View:
    """All of one, and its last runs."""
    found = inspection.schedules(app)
    mine = [one for one in found if name in {one.name, f"{one.app}/{one.name}"}]
    if not mine:
        known = [one.name for one in found]
        hint = nearest(name, known) if known else "; there is none at all"
        raise BadAnswer(f"no schedule {name!r} here{hint}")
    lines = [line for one in mine for line in _lines(one)]
    return View("\n".join(lines), {"schedules": plain(mine)})


def _table(found: Sequence[ScheduleInfo]) -> str:
    if not found:
        return "No schedules here: @app.cron(…) in the code, or streamq schedule create"
    columns = [Column("SCHEDULE", cut=True), Column("TASK", cut=True), Column("QUEUE", cut=True)]
    columns += [Column("WHEN", cut=True), Column("STATE"), Column("NEXT")]
    columns += [Column("LAST RUN"), Column("OUTCOME"), Column("FIRED", right=True)]
    columns += [Column("MISSED", right=True), Column("SKIPPED", right=True)]
    several = len({one.app for one in found}) > 1
    rows = [
        [
            f"{one.app}/{one.name}" if several else one.name,
            one.task,
            one.queue,
            one.problem or one.timing,
            _state(one),
            since(one.next_run),
            since(one.runs[0].scheduled_for) if one.runs else "",
            str(one.runs[0].state) if one.runs else "",
            f"{one.fired:,}",
            f"{one.missed:,}",
            f"{one.skipped:,}",
        ]
        for one in found
    ]
    return table(columns, rows)


def _state(info: ScheduleInfo) -> str:
    return info.state if info.declared else f"{info.state}, in no code"


def _lines(info: ScheduleInfo) -> Iterator[str]:
    for label, text in _facts(info):
        if text:
            yield f"{bold(label.ljust(_LABEL))} {printable(text)}"
    if info.runs:
        columns = [Column("FOR"), Column("JOB"), Column("STATE"), Column("ENDED"), Column("RAN")]
        yield table(columns, [_run(run) for run in info.runs])


def _facts(info: ScheduleInfo) -> Iterator[tuple[str, str]]:
    named = [f"{name}={value!r}" for name, value in info.kwargs.items()]
    yield "schedule", f"{info.app}/{info.name}"
    yield "task", info.task
    yield "call", ", ".join([*map(repr, info.args), *named])
    yield "queue", info.queue
    yield "when", info.timing
    yield "state", _state(info)
    yield "next", clock(info.next_run)
    yield "start", clock(info.start)
    yield "end", clock(info.end)
    yield "jitter", ago(info.jitter) if info.jitter else ""
    yield "missed", f"{info.missed:,} (on_missed={info.on_missed})"
    yield "skipped", f"{info.skipped:,} (overlap={info.overlap})"
    yield "fired", f"{info.fired:,}"
    yield "source", info.source
    yield "declared", since(info.declared_at)
    yield "problem", info.problem


def _run(run: ScheduledRun) -> list[str]:
    ran = "" if run.run_seconds is None else ago(run.run_seconds)
    return [clock(run.scheduled_for), run.id, str(run.state), since(run.ended_at), ran]

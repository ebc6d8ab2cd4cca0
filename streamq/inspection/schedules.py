"""Schedules: what ticks when, how it went, and what no code has any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.inspection.findings import Finding
from streamq.inspection.fleet import fleet_question
from streamq.inspection.server import server_question
from streamq.schedules.reading import list_question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.server import ServerReport
    from streamq.schedules.info import ScheduleInfo


def schedules_question(app: StreamQ) -> Question[list[ScheduleInfo]]:
    """An application's schedules by name; those of all where it has no tasks, a bare one."""
    return (yield from list_question(app.runtime, app.name if app.tasks else None))


def report_question(app: StreamQ) -> Question[ServerReport]:
    """Look at the server, its queues and the schedules: what is wrong, and the cure."""
    report = yield from server_question(app)
    report.add((yield from fleet_question(app)))
    found = yield from schedules_question(app)
    declared = app.schedules.declared if app.tasks else None
    report.add(finding for info in found for finding in _of(info, declared))
    return report


def _of(info: ScheduleInfo, declared: object) -> Iterator[Finding]:
    known = declared is not None and info.source == "code" and info.name not in declared  # type: ignore[operator]
    if known or not info.declared:
        where = "this application's code" if known else "the code of any worker that runs"
        yield Finding(
            f"schedule {info.name}",
            f"it is not in {where}, and goes on: {info.timing}",
            f"streamq schedule delete {info.name}, or pause it; or start a worker that has it",
        )
    if info.problem:
        yield Finding(
            f"schedule {info.name}",
            f"it can't be read here: {info.problem}",
            "start a worker of the release that made it, or delete it",
        )

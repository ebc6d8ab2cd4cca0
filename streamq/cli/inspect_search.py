"""`streamq inspect` with filters, and dead jobs by what killed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import inspection
from streamq.cli.documents import plain
from streamq.cli.failures import BadAnswer
from streamq.cli.inspect_views import View, check_queues, jobs_text
from streamq.cli.wording import since
from streamq.inspection import PENDING, Place
from streamq.inspection.groups import BUDGET as GROUPED
from streamq.inspection.searching import BUDGET
from streamq.terminal import Column, dim, table

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.cli.inspect_views import Page
    from streamq.inspection import DeadGroups, JobFilter

_ENDED = {"succeeded", "cancelled", "expired"}
_NO_END = 1 << 40  # jobs: as many as there are


def what_is_meant(what: str | None, wanted: JobFilter) -> str | None:
    """Which list to look in, where only filters were given."""
    if what is not None or wanted.is_empty:
        return what
    if wanted.state in _ENDED:
        return "ended"
    return wanted.state or "pending"


def found_jobs(app: StreamQ, what: str, queues: list[str], page: Page, wanted: JobFilter) -> View:
    """The jobs of a list that fit, and how many were looked at for that."""
    known = [queue.queue for queue in inspection.queues(app)]
    check_queues(queues, known)
    places = PENDING if what == "pending" else () if what == "ended" else (Place(what),)
    try:
        found = inspection.search(
            app,
            queues or known,
            places,
            wanted,
            cursor=page.cursor,
            limit=_NO_END if page.everything else page.limit,
            budget=None if page.everything else BUDGET,
        )
    except ValueError as error:
        raise BadAnswer(f"--cursor: {error}") from None
    searched = f"searched {found.searched:,} of {found.total:,}"
    text = jobs_text(what, found, found.cursor, "such ")
    if found.cursor and not found:
        text = f"None so far. More: --cursor '{found.cursor}', or --all"
    if hint := _hint(app, what, wanted):
        searched += f"; {hint}"
    numbers = {"searched": found.searched, "total": found.total}
    document = {"what": what, "jobs": plain(found), "cursor": found.cursor, **numbers}
    return View(f"{text}\n{dim(searched)}", document)


def _hint(app: StreamQ, what: str, wanted: JobFilter) -> str:
    """What can't be found for want of something."""
    if wanted.args and not app.tasks:
        return "arguments given by position have names only with -A"
    if what == "ended" and wanted.args:
        return "arguments are kept of dead jobs, and of others with result_extended"
    if what == "ended" and wanted.needs_all:
        return "tags and errors are kept only of dead jobs, and with results"
    return ""


def dead_groups(app: StreamQ, queues: list[str], page: Page) -> View:
    """Dead jobs by task, error and place: one bad deploy is one row."""
    known = [queue.queue for queue in inspection.queues(app)]
    check_queues(queues, known)
    found = inspection.dead_groups(app, queues or known, None if page.everything else GROUPED)
    numbers = {"searched": found.searched, "total": found.total}
    return View(_groups_text(found, page.limit), {"groups": plain(list(found)), **numbers})


def _groups_text(found: DeadGroups, limit: int) -> str:
    if not found:
        return "No dead jobs."
    columns = [Column("JOBS", right=True), Column("TASK", cut=True), Column("ERROR", cut=True)]
    columns += [Column("PLACE", cut=True), Column("FIRST"), Column("LAST"), Column("NEWEST")]
    rows = [
        [
            f"{one.jobs:,}",
            one.task,
            f"{one.error}: {one.message}" if one.message else one.error,
            one.place,
            since(one.first_died),
            since(one.last_died),
            one.newest,
        ]
        for one in found[:limit]
    ]
    text = table(columns, rows)
    if len(found) > limit:
        text += "\n" + dim(f"and {len(found) - limit:,} more kinds: --limit N")
    if found.searched < found.total:
        text += "\n" + dim(f"searched the newest {found.searched:,} of {found.total:,}: --all")
    return text

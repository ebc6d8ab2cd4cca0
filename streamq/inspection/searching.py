"""Jobs that a filter lets through: looked for page by page, and no further than was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import PAGE, pages, queues_of
from streamq.inspection.details import looks
from streamq.inspection.ended import ended_question, ended_total
from streamq.inspection.overview import counts_question
from streamq.inspection.places import JobPage, walk_question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.filters import JobFilter
    from streamq.inspection.places import Place
    from streamq.job import JobInfo

_ALL_AT_ONCE = 10_000  # ended jobs
BUDGET = 400  # jobs that one search looks at, unless more are asked for
_RECORDS = 50  # whole ones in a call; they may be large
_SKIP = "~"  # before the number of jobs of a page that were told already


class Found(list["JobInfo"]):
    """Jobs that fit; `cursor` goes on from there, empty at the end.

    `searched` of about `total` jobs were looked at.
    """

    def __init__(self, jobs: list[JobInfo], cursor: str, searched: int, total: int) -> None:
        super().__init__(jobs)
        self.cursor = cursor
        self.searched = searched
        self.total = total


def search_question(
    app: StreamQ,
    queues: list[str],
    places: tuple[Place, ...],
    wanted: JobFilter,
    *,
    cursor: str = "",
    limit: int = 50,
    budget: int | None = BUDGET,
) -> Question[Found]:
    """Up to `limit` jobs of these queues and places that fit; no places: the ended ones.

    Looks at about `budget` jobs, and says so; None: until there are `limit`, or no more. Of ended
    jobs arguments are kept only where they are dead, errors and tags where there is a result too.
    """
    skip, at = _opened(cursor)
    found: list[JobInfo] = []
    searched = 0
    while True:
        page = yield from _page(app, queues, places, at, PAGE if budget else _ALL_AT_ONCE)
        if not places and wanted.needs_all:
            page = yield from _in_full(app, page, wanted)
        for number, job in enumerate(page):
            if number < skip or not wanted.fits(app, job):
                continue
            if len(found) == limit:
                total = yield from _total(app, queues, places, searched + len(page))
                return Found(found, f"{_SKIP}{number}{_SKIP}{at}", searched + number, total)
            found.append(job)
        searched, skip, at = searched + len(page) - skip, 0, page.cursor
        if not at or (budget is not None and searched >= budget):
            total = yield from _total(app, queues, places, searched)
            return Found(found, at, searched, total if at else max(searched, 0))


def _page(
    app: StreamQ, queues: list[str], places: tuple[Place, ...], cursor: str, size: int
) -> Question[JobPage]:
    if not places:  # each page is cut out of all summaries: many at once
        return (yield from ended_question(app, queues, cursor, size))
    return (yield from walk_question(app, queues, places, cursor, PAGE))


def _in_full(app: StreamQ, page: JobPage, wanted: JobFilter) -> Question[JobPage]:
    """The same page, with all that is still known of those whose summaries fit."""
    by_queue: dict[str, list[str]] = {}
    for job in page:
        if wanted.may_fit(job):
            by_queue.setdefault(job.queue, []).append(job.id)
    full: dict[str, JobInfo] = {}
    for queue, ids in by_queue.items():
        for some in pages(ids):
            infos = yield from looks(app, app.keys(queue), some, attempts=True)
            full |= {info.id: info for info in infos}
    seen = [(job, full.get(job.id, job)) for job in page]
    return JobPage([now if now.state == job.state else job for job, now in seen], page.cursor)


def _total(app: StreamQ, queues: list[str], places: tuple[Place, ...], least: int) -> Question[int]:
    """How many jobs there are to look at."""
    total = 0
    if not places:
        total = yield from ended_total(app, queues)
    for queue in queues if places else ():
        counts = yield from counts_question(app, queue)
        total += sum(getattr(counts, str(place)) for place in places)
    return max(total, least)


def _opened(cursor: str) -> tuple[int, str]:
    if not cursor.startswith(_SKIP):
        return 0, cursor
    number, _, at = cursor[1:].partition(_SKIP)
    if not number.isdecimal():
        raise ValueError(f"{cursor!r} is no cursor of this list")
    return int(number), at


def fitting_question(
    app: StreamQ,
    ids: Iterable[str],
    wanted: JobFilter,
    progress: Callable[[int], object] | None = None,
) -> Question[list[str]]:
    """Those of these jobs that fit, queue by queue: to act on them then. Every one is looked at.

    `progress` is told how many were. Raises `UnknownJob` for what is no job id.
    """
    found: list[str] = []
    seen = 0
    for queue, its_ids in (yield from queues_of(app, ids)).items():
        for some in pages(its_ids, _RECORDS):
            infos = yield from looks(app, app.keys(queue), some, attempts=True)
            found += [info.id for info in infos if wanted.fits(app, info)]
            seen += len(some)
            if progress is not None:
                progress(seen)
    return found

"""Jobs that a filter lets through: looked for page by page, and no further than was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import PAGE
from streamq.inspection.ended import ended_question
from streamq.inspection.overview import counts_question
from streamq.inspection.places import walk_question

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.inspection.filters import JobFilter
    from streamq.inspection.places import JobPage, Place
    from streamq.job import JobInfo

BUDGET = 400  # jobs that one search looks at, unless more are asked for
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
    jobs only what their summary holds can be asked for: task, state and times.
    """
    skip, at = _opened(cursor)
    found: list[JobInfo] = []
    searched = 0
    while True:
        page = yield from _page(app, queues, places, at)
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
    app: StreamQ, queues: list[str], places: tuple[Place, ...], cursor: str
) -> Question[JobPage]:
    if not places:
        return (yield from ended_question(app, queues, cursor, PAGE))
    return (yield from walk_question(app, queues, places, cursor, PAGE))


def _total(app: StreamQ, queues: list[str], places: tuple[Place, ...], least: int) -> Question[int]:
    """How many jobs there are to look at; of ended ones nobody counts."""
    total = 0
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

"""Jobs by the place in which they are, a page at a time, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from streamq.asking import PAGE, WHOLE
from streamq.inspection.details import looks
from streamq.job import JobInfo, JobState
from streamq.operations import page

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.asking import Question


class Place(StrEnum):
    """Where jobs that are kept can be listed."""

    RUNNING = "running"
    WAITING = "waiting"
    SCHEDULED = "scheduled"
    PARKED = "parked"
    DEAD = "dead"  # newest first, as the ended ones


PENDING = (Place.RUNNING, Place.WAITING, Place.PARKED, Place.SCHEDULED)  # what has not ended
_SCRIPT_NAMES = {Place.PARKED: ("parked", "stranded", "heirs")}  # the script's, in turn


class JobPage(list[JobInfo]):
    """A page of jobs; `cursor` asks for the next one, empty after the last."""

    def __init__(self, jobs: list[JobInfo], cursor: str) -> None:
        super().__init__(jobs)
        self.cursor = cursor


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a page begins."""

    queue: str
    place: Place
    cursor: str  # the script's; empty: from the start


def page_question(
    app: StreamQ, queue: str, place: str, cursor: str = "", limit: int = 50
) -> Question[JobPage]:
    """Jobs of a queue in one `Place`, in the order in which they go.

    `cursor` is of the page before. A page has up to `limit` (1 to 200) jobs, of the running ones
    sometimes a few more (whole claims), or fewer: the cursor says whether it was the last.
    """
    where = Place(place)
    keys = app.keys(queue)
    names = _SCRIPT_NAMES.get(where, (str(where),))
    at, inner = _opened(cursor) if len(names) > 1 else (0, cursor)
    size = max(1, min(limit, PAGE))
    (found,) = yield [page(keys, place=names[at], cursor=inner, limit=size)]
    following = found.cursor
    if len(names) > 1:
        following = _closed(at, found.cursor) if found.cursor or at + 1 < len(names) else ""
    jobs: list[JobInfo] = []
    for first in range(0, len(found.ids), WHOLE):
        jobs += yield from looks(app, keys, found.ids[first : first + WHOLE])
    here = [job for job in jobs if job.state == where.value or job.state is JobState.UNKNOWN]
    gone = [job for job in here if job.state is JobState.UNKNOWN and not job.problem]
    return JobPage([job for job in here if job not in gone], following)


def _closed(at: int, cursor: str) -> str:
    """A cursor with the number of the script's place that it is of; without one, of the next."""
    return f"{at} {cursor}" if cursor else f"{at + 1} "


def _opened(cursor: str) -> tuple[int, str]:
    number, _, inner = cursor.partition(" ")
    return int(number or 0), inner


def walk_question(
    app: StreamQ,
    queues: list[str],
    places: tuple[Place, ...],
    cursor: str = "",
    limit: int = 50,
) -> Question[JobPage]:
    """A page over several queues and places, one after the other.

    `cursor` is of the page before; its form is our own affair.
    """
    spots = [_Spot(queue, place, "") for queue in queues for place in places]
    spots = _from(spots, cursor)
    jobs: list[JobInfo] = []
    while spots and len(jobs) < limit:
        spot = spots.pop(0)
        left = limit - len(jobs)
        found = yield from page_question(app, spot.queue, spot.place, spot.cursor, left)
        jobs += found
        if found.cursor:
            spots.insert(0, _Spot(spot.queue, spot.place, found.cursor))
    return JobPage(jobs, _told(spots[0]) if spots else "")


def _told(spot: _Spot) -> str:
    return f"{spot.queue}/{spot.place}/{spot.cursor}"


def _from(spots: list[_Spot], cursor: str) -> list[_Spot]:
    if not cursor:
        return spots
    queue, place, inner = (*cursor.split("/", 2), "", "")[:3]
    for at, spot in enumerate(spots):
        if (spot.queue, spot.place) == (queue, place):
            return [_Spot(spot.queue, spot.place, inner), *spots[at + 1 :]]
    raise ValueError(f"{cursor!r} is no cursor of this list")

"""Dead jobs by what killed them: one bad deploy is one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.asking import PAGE
from streamq.deaths import dead_looks, what_killed
from streamq.inspection.overview import counts_question
from streamq.job_reading import moment
from streamq.operations import page

if TYPE_CHECKING:
    from datetime import datetime

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.operations import Look

BUDGET = 500  # dead jobs that are looked at, unless more are asked for


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """Dead jobs of one task that died of the same error at the same place."""

    queue: str
    task: str
    error: str  # the exception's type; of a job that left none, why it is dead
    place: str  # the innermost frame of the user's own code: "shop/tasks.py:12 in send"
    message: str  # of the newest
    jobs: int
    first_died: datetime | None
    last_died: datetime | None
    newest: str  # its id


class DeadGroups(list[DeadGroup]):
    """The largest first; `searched` of `total` dead jobs were looked at, the newest ones."""

    def __init__(self, groups: list[DeadGroup], searched: int, total: int) -> None:
        super().__init__(groups)
        self.searched = searched
        self.total = total


def groups_question(
    app: StreamQ, queues: list[str], budget: int | None = BUDGET
) -> Question[DeadGroups]:
    """The dead jobs of these queues by task, type of exception and place.

    Looks at the newest `budget` of each queue; None: at all, which are 100,000 of a queue at most.
    """
    found: dict[tuple[str, str, str, str], DeadGroup] = {}
    searched = total = 0
    for queue in queues:
        keys, cursor, seen = app.keys(queue), "", 0
        while budget is None or seen < budget:
            left = PAGE if budget is None else min(PAGE, budget - seen)
            (some,) = yield [page(keys, place="dead", cursor=cursor, limit=left)]
            seen += len(some.ids)
            for died in (yield from dead_looks(keys, some.ids)):
                _add(found, queue, died)
            cursor = some.cursor
            if not cursor:
                break
        searched += seen
        total += seen if not cursor else (yield from _dead(app, queue))
    largest = sorted(found.values(), key=lambda group: -group.jobs)
    return DeadGroups(largest, searched, total)


def _add(found: dict[tuple[str, str, str, str], DeadGroup], queue: str, died: Look) -> None:
    """Jobs come the newest first."""
    what = what_killed(died)
    task = died.record.task if died.record else "?"
    key = (queue, task, what.type, what.place)
    when = moment(died.at_ms)
    one = found.get(key)
    if one is None:
        found[key] = DeadGroup(*key, what.message, 1, when, when, died.id)
    else:
        times = (one.jobs + 1, when, one.last_died, one.newest)
        found[key] = DeadGroup(*key, one.message, *times)


def _dead(app: StreamQ, queue: str) -> Question[int]:
    info = yield from counts_question(app, queue)
    return info.dead

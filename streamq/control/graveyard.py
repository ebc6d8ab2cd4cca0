"""Dead jobs: found by task and age, run again or deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.asking import PAGE, known_queues
from streamq.control.acting import for_each
from streamq.control.words import Answer
from streamq.deaths import dead_looks, what_killed
from streamq.operations import delete, page, revive
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Call, Look


def find_dead_question(
    app: StreamQ,
    *,
    queue: str | None = None,
    task: str | None = None,
    older_than: float | None = None,
    error: str | None = None,
    limit: int | None = None,
) -> Question[list[str]]:
    """The ids of dead jobs, the newest first; at most the 100,000 that a queue keeps.

    `older_than`: seconds since they died, on the server's clock. `error`: a part of the
    exception's type, its message or the place in the code, in any case. `limit`: no more than so
    many.
    """
    wanted = _Wanted(task, older_than, error)
    found: list[str] = []
    for name in [queue] if queue else (yield from known_queues(app)):
        keys = app.keys(name)
        cursor = ""
        while True:
            (some,) = yield [page(keys, place="dead", cursor=cursor, limit=PAGE)]
            if some.ids and wanted != _Wanted():
                looks = yield from dead_looks(keys, some.ids)
                found += [one.id for one in looks if wanted.fits(one)]
            else:
                found += some.ids
            cursor = some.cursor
            if not cursor or (limit is not None and len(found) >= limit):
                break
    return list(dict.fromkeys(found))[:limit]  # a rank moves when another one dies


@dataclass(frozen=True, slots=True)
class _Wanted:
    task: str | None = None
    older_than: float | None = None  # seconds
    error: str | None = None

    def fits(self, seen: Look) -> bool:
        if seen.record is None or (self.task is not None and seen.record.task != self.task):
            return False
        age = (seen.now_ms - (seen.at_ms or 0)) / 1000
        if self.older_than is not None and age < self.older_than:
            return False
        if self.error is None:
            return True
        what = what_killed(seen)
        said = f"{what.type}: {what.message} {what.place}"
        return self.error.casefold() in said.casefold()


def retry_question(
    app: StreamQ,
    ids: Iterable[str],
    progress: Callable[[int], object] | None = None,
    rate: float | None = None,
) -> Question[dict[str, Answer]]:
    """Let dead jobs run again, as if they never had; what became of each, by id.

    `rate`: no more than so many a second, so that what they need isn't flooded; None: at once.
    Raises `UnknownJob` for what is no job id, before anything is changed.
    """
    answers = yield from for_each(app, ids, _revive, progress, Answer, rate)
    tell("retry dead", sum(one is Answer.DONE for one in answers.values()), asked=len(answers))
    return answers


def delete_question(
    app: StreamQ,
    ids: Iterable[str],
    progress: Callable[[int], object] | None = None,
    rate: float | None = None,
) -> Question[dict[str, Answer]]:
    """Delete dead jobs for good; what became of each, by id.

    `rate` and `UnknownJob` as of `retry_question`.
    """
    answers = yield from for_each(app, ids, _delete, progress, Answer, rate)
    tell("delete dead", sum(one is Answer.DONE for one in answers.values()), asked=len(answers))
    return answers


def _revive(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
    return revive(keys, ids=some)


def _delete(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
    return delete(keys, ids=some)

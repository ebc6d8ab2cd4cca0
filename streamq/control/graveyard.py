"""Dead jobs: found by task and age, run again or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import PAGE, known_queues
from streamq.control.acting import for_each
from streamq.control.words import Answer
from streamq.operations import delete, look, page, revive

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
) -> Question[list[str]]:
    """The ids of dead jobs, the newest first; at most the 100,000 that a queue keeps.

    `older_than`: seconds since they died, on the server's clock.
    """
    found: list[str] = []
    for name in [queue] if queue else (yield from known_queues(app)):
        keys = app.keys(name)
        cursor = ""
        while True:
            (some,) = yield [page(keys, place="dead", cursor=cursor, limit=PAGE)]
            if some.ids and (task is not None or older_than is not None):
                found += yield from _fitting(keys, some.ids, task, older_than)
            else:
                found += some.ids
            cursor = some.cursor
            if not cursor:
                break
    return list(dict.fromkeys(found))  # a rank moves when another one dies


def _fitting(
    keys: QueueKeys, ids: list[str], task: str | None, older_than: float | None
) -> Question[list[str]]:
    try:
        (seen,) = yield [look(keys, ids=ids)]
    except ValueError:  # a damaged one is among them: it fits nothing
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        first = yield from _fitting(keys, ids[:half], task, older_than)
        return first + (yield from _fitting(keys, ids[half:], task, older_than))
    return [one.id for one in seen if _fits(one, task, older_than)]


def _fits(seen: Look, task: str | None, older_than: float | None) -> bool:
    if seen.record is None or (task is not None and seen.record.task != task):
        return False
    return older_than is None or (seen.now_ms - (seen.at_ms or 0)) / 1000 >= older_than


def retry_question(
    app: StreamQ, ids: Iterable[str], progress: Callable[[int], object] | None = None
) -> Question[dict[str, Answer]]:
    """Let dead jobs run again, as if they never had; what became of each, by id.

    Raises `UnknownJob` for what is no job id, before anything is changed.
    """
    return (yield from for_each(app, ids, _revive, progress, Answer))


def delete_question(
    app: StreamQ, ids: Iterable[str], progress: Callable[[int], object] | None = None
) -> Question[dict[str, Answer]]:
    """Delete dead jobs for good; what became of each, by id.

    Raises `UnknownJob` for what is no job id, before anything is changed.
    """
    return (yield from for_each(app, ids, _delete, progress, Answer))


def _revive(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
    return revive(keys, ids=some)


def _delete(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
    return delete(keys, ids=some)

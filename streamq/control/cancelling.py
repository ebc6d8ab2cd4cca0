"""Taking jobs back that have not started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.control.acting import for_each
from streamq.control.words import Answer
from streamq.operations import cancel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Call


def cancel_question(
    app: StreamQ, ids: Iterable[str], progress: Callable[[int], object] | None = None
) -> Question[dict[str, Answer]]:
    """Cancel jobs that wait, are scheduled or parked; what became of each, by id.

    Jobs that run, are dead or have ended are left alone. `progress` is told how many are done.
    Raises `UnknownJob` for what is no job id, before anything is changed.
    """
    ttl_ms = int(app.conf.result_ttl * 1000)

    def describe(keys: QueueKeys, some: list[str]) -> Call[list[str]]:
        return cancel(keys, ids=some, result_ttl_ms=ttl_ms)

    return (yield from for_each(app, ids, describe, progress, Answer))

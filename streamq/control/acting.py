"""Acts on jobs of any number of queues, in calls of bounded size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

from streamq.asking import CHANGED, queues_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Call

A = TypeVar("A")


def for_each(  # noqa: PLR0917 - the last two are seldom said
    app: StreamQ,
    ids: Iterable[str],
    describe: Callable[[QueueKeys, list[str]], Call[list[str]]],
    progress: Callable[[int], object] | None,
    read: Callable[[str], A],
    rate: float | None = None,
) -> Question[dict[str, A]]:
    """Act on jobs queue by queue, 50 a call; `read` says what a script's word means.

    `progress` is told how many are done. `rate`: no more than so many a second.
    """
    by_queue = yield from queues_of(app, ids)
    at_once = CHANGED if rate is None else max(1, min(CHANGED, math.floor(rate)))
    answers: dict[str, A] = {}
    for queue, its_ids in by_queue.items():
        for at in range(0, len(its_ids), at_once):
            some = its_ids[at : at + at_once]
            if rate is not None and answers:
                yield at_once / rate
            (words,) = yield [describe(app.keys(queue), some)]
            answers.update(zip(some, map(read, words), strict=True))
            if progress is not None:
                progress(len(answers))
    return answers

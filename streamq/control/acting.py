"""Acts on jobs of any number of queues, in calls of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from streamq.asking import pages, queues_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Call

A = TypeVar("A")


def for_each(
    app: StreamQ,
    ids: Iterable[str],
    describe: Callable[[QueueKeys, list[str]], Call[list[str]]],
    progress: Callable[[int], object] | None,
    read: Callable[[str], A],
) -> Question[dict[str, A]]:
    """Act on jobs queue by queue, 200 a call; `read` says what a script's word means.

    `progress` is told how many are done.
    """
    by_queue = yield from queues_of(app, ids)
    answers: dict[str, A] = {}
    for queue, its_ids in by_queue.items():
        for some in pages(its_ids):
            (words,) = yield [describe(app.keys(queue), some)]
            answers.update(zip(some, map(read, words), strict=True))
            if progress is not None:
                progress(len(answers))
    return answers

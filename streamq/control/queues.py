"""Emptying a queue: by taking back what has not started, or by letting it run out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.asking import PAGE
from streamq.operations import cancel, count, page
from streamq.standing import is_paused
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.asking import Question

PLACES = ("waiting", "scheduled", "parked", "stranded", "heirs")  # of jobs that have not started
_HERE = ("waiting", "parked", "stranded", "heirs", "running")  # what a queue has to get rid of
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of draining a queue."""

    jobs: int  # that were there at first
    left: int  # 0: it is empty
    why: str = ""  # some are left


def purge_question(
    app: StreamQ, queue: str, progress: Callable[[int], object] | None = None
) -> Question[int]:
    """Cancel every job of a queue that has not started; how many.

    200 in a call. Running and dead jobs stay; their outcome is `cancelled`, for whoever waits. What
    is enqueued meanwhile goes too, as long as it comes slower than it can be cancelled.
    """
    keys, done = app.keys(queue), 0
    ttl_ms = int(app.conf.result_ttl * 1000)
    for place in PLACES:
        cursor = ""
        while True:
            (some,) = yield [page(keys, place=place, cursor=cursor, limit=PAGE)]
            words: list[str] = []
            if some.ids:
                (words,) = yield [cancel(keys, ids=some.ids, result_ttl_ms=ttl_ms)]
            gone = words.count("OK")
            done += gone
            if progress is not None:
                progress(done)
            # What was cancelled has made room: the first page again, else the next one.
            cursor = "" if gone else some.cursor
            if not gone and not cursor:
                break
    tell("purge", done, queue=queue)
    return done


def drain_question(
    app: StreamQ,
    queue: str,
    timeout: float | None = None,
    progress: Callable[[int], object] | None = None,
) -> Question[Drained]:
    """Wait until nothing of a queue waits, is parked or runs.

    What is scheduled for later isn't waited for, and what comes meanwhile is. `progress` is told
    how many are left. Ends early after `timeout` seconds, and at once where it can't get less: the
    queue is paused, or no worker serves it.
    """
    began, first = time.monotonic(), -1
    while True:
        (found,) = yield [count(app.keys(queue))]
        left = sum(found[place] for place in _HERE)
        first = left if first < 0 else first
        if progress is not None:
            progress(left)
        why = ""
        if left and not found["workers"]:
            why = f"no worker serves queue {queue!r}"
        elif left and not found["running"] and (yield from is_paused(app.keys(queue))):
            why = f"the queue is paused: streamq queue resume {queue}"
        elif left and timeout is not None and time.monotonic() - began >= timeout:
            why = f"{timeout:g} s have passed"
        if why or not left:
            tell("drain", first - left, queue=queue, left=left)
            return Drained(first, left, why)
        yield _LOOK_S

"""The end of a process whose event loop one job keeps to itself, and is not to."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from streamq.errors import StreamQError
from streamq.worker.exits import REPLACED
from streamq.worker.interrupting import Why

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.client import Client
    from streamq.worker.crew import Crew
    from streamq.worker.timekeeper import Watch

log = logging.getLogger("streamq.worker")

CALL_S = 2.0


def end_process(
    client: Client,
    crew: Crew,
    watch: Watch,
    *,
    exit_now: Callable[[int], object] = os._exit,
) -> None:
    """Settle that job and what has ended beside it, then end; in a thread, for the loop won't.

    Whoever started us hands back the rest: nothing is counted. What the loop had sent already is
    sent again as it was, and counts once. Where the server is away, nothing is settled.
    """
    held = watch.held
    if watch.is_cancelled:
        held.told = Why.CANCELLED  # even where it could not hear that
    log.error(
        "job %s (%s) keeps the event loop from everything else, %s: this process is replaced now; "
        "its other jobs are handed back",
        held.job.id,
        held.job.record.task,
        watch.reason,
    )
    ended = [crew.runner.timed_out(held, watch.began), *crew.threads.take_done()]
    for one in ended:
        crew.queues[one.held.lease.queue].settler.add(one)
    with suppress(StreamQError):
        for queue in crew.queues.values():
            while batch := queue.settler.batch():
                queue.settler.answered(client.run(batch.call, timeout=CALL_S))
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    exit_now(REPLACED)

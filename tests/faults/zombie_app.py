"""What runs in workers that are stopped: each run says all that a running job can say."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from streamq import GiveUp, LeaseLost, Retry, StreamQ, current_job
from tests.faults.journal import FOLDER, write

app = StreamQ("zombies", lease=1, max_crashes=1000, default_queue="zombies")
IS_ZOMBIE = "ZOMBIE"  # in the environment: this worker is to be stopped, and its runs go wrong
WOKEN = "woken"  # a file beside the journals: those that were stopped may go on
LOOK_S = 0.05


def _may_end() -> bool:
    """At once, but in a worker that is to be stopped before."""
    return not os.environ.get(IS_ZOMBIE) or (Path(os.environ[FOLDER]) / WOKEN).exists()


@app.task
def child(number: int) -> int:
    """What follows from a run."""
    write(-1 - number)
    return number


def _end(number: int) -> int:
    """After the time in which the worker was stopped."""
    job = current_job()
    job.set_progress(1, 1, "done")
    job.log("still here")
    job.enqueue(child.s(number))
    job.enqueue(child.s(number + 1000), when="dead")
    if os.environ.get(IS_ZOMBIE):
        if number % 4 == 1:
            raise ConnectionError(number)
        if number % 4 == 2:
            raise GiveUp("no use")
        if number % 4 == 3:
            raise Retry(countdown=0, counted=False)
    return os.getpid()


@app.task(max_attempts=5, backoff=0)
async def waits(number: int) -> int:
    """On the event loop."""
    write(number)
    while not _may_end():  # noqa: ASYNC110 -- what it waits for is another process
        await asyncio.sleep(LOOK_S)
    write(number, "ends")
    with suppress(LeaseLost):
        await current_job().acheckpoint(number)
    return _end(number)


@app.task(max_attempts=5, backoff=0)
def works(number: int) -> int:
    """On a thread."""
    write(number)
    while not _may_end():
        time.sleep(LOOK_S)
    write(number, "ends")
    with suppress(LeaseLost):
        current_job().checkpoint(number)
    return _end(number)

"""What runs in a kill storm: plain and async tasks, some of which fail at first.

Every run leaves a line in a journal of its own worker process (an append is one `write`, and what a
killed process wrote stays), so that what really ran can be compared with what the queue says.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from streamq import StreamQ, current_job

app = StreamQ("storm", lease=2, max_crashes=1_000_000, default_queue="storm")


def _journal(number: int) -> None:
    job = current_job()
    line = f"{number} {job.id} {job.attempt} {job.crashes}\n".encode()
    path = Path(os.environ["STORM_JOURNAL"]) / f"{os.getpid()}.runs"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line)
    os.close(descriptor)


@app.task
def plain(number: int) -> int:
    """Some ms of waiting, as for a database."""
    _journal(number)
    time.sleep(number % 13 * 0.006)
    return number


@app.task
async def waiting(number: int) -> int:
    """The same on the event loop."""
    _journal(number)
    await asyncio.sleep(number % 13 * 0.006)
    return number


@app.task(max_attempts=3, backoff=[0.05])
def flaky(number: int) -> int:
    """Fails on its first attempt."""
    _journal(number)
    if current_job().attempt == 1:
        raise ConnectionError(number)
    return number

"""What runs in workers that are told to stop; the queue comes from the environment."""

from __future__ import annotations

import asyncio
import time

from streamq import Concurrency, StreamQ
from tests.faults.journal import write

app = StreamQ("stopping")
LONG_S = 60.0


@app.task
def brief(number: int) -> int:
    """Ends within the grace."""
    write(number)
    time.sleep(0.3)
    return number


@app.task
def stays(number: int) -> None:
    """On a thread, in many short sleeps."""
    write(number)
    until = time.monotonic() + LONG_S
    while time.monotonic() < until:
        time.sleep(0.05)


@app.task
def deaf(number: int) -> None:
    """On a thread, in one call that nothing interrupts."""
    write(number)
    time.sleep(LONG_S)


@app.task
async def lingers(number: int) -> None:
    """On the event loop."""
    write(number)
    await asyncio.sleep(LONG_S)


@app.task(pool="process")
def computes(number: int) -> None:
    """In a child."""
    write(number)
    time.sleep(LONG_S)


@app.task(max_attempts=1000, backoff=0.05)
def fails(number: int) -> None:
    """Again and again."""
    write(number)
    raise ConnectionError(number)


@app.task(concurrency=Concurrency(4))
def limited(number: int) -> None:
    """Four at once."""
    write(number)
    time.sleep(LONG_S)

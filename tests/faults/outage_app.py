"""What runs while the server is away."""

from __future__ import annotations

import asyncio

from streamq import StreamQ
from tests.faults.journal import write

app = StreamQ("outage", lease=2, default_queue="outage")


@app.task
async def long(number: int, seconds: float) -> int:
    """On the event loop, for so long."""
    write(number)
    await asyncio.sleep(seconds)
    return number

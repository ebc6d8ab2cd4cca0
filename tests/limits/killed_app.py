"""The application of workers that are killed: its runs are written to a file."""

from __future__ import annotations

import os
import time
from pathlib import Path

from streamq import StreamQ, current_job

app = StreamQ("killed", lease=1)


@app.task(name="work", concurrency=3, max_crashes=20)
def work(number: int) -> int:
    _say("begin", number)
    time.sleep(0.1)
    _say("end", number)
    return number


@app.task(name="hold", concurrency=2)
def hold(number: int) -> int:
    _say("begin", number)
    time.sleep(0 if current_job().crashes or number > 1 else 60)
    _say("end", number)
    return number


def _say(what: str, number: int) -> None:
    with Path(os.environ["STREAMQ_TEST_JOURNAL"]).open("a") as journal:
        journal.write(f"{what} {number} {os.getpgrp()} {os.getppid()} {time.monotonic()}\n")

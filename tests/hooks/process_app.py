"""An application with hooks, for a worker process and the processes under it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from streamq import RunningJob, StreamQ, current_job
from streamq.hooks import JobEvent

app = StreamQ("hooked")


def note(what: str) -> None:
    with Path(os.environ["HOOKS_JOURNAL"]).open("a") as file:
        file.write(f"{os.getpid()} {what}\n")


@app.lifespan
async def opened(given: StreamQ) -> AsyncIterator[None]:
    given.state.name = f"opened in {os.getpid()}"
    note("open")
    yield
    note("close")


@app.around_run
def around(job: RunningJob) -> Iterator[None]:
    note(f"before {job.task}")
    yield
    note(f"after {job.task}")


@app.on("job.started")
@app.on("job.succeeded")
def told(event: JobEvent) -> None:
    note(f"{event.name} {event.task}")


@app.task(name="apart", pool="process")
def apart() -> str:
    return f"{current_job().app.state.name} {os.getpid()}"

"""An application with hooks, for a worker process and the processes under it."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from opentelemetry import trace

from streamq import RunningJob, StreamQ, current_job
from streamq.hooks import JobEvent
from streamq.otel import instrument

app = StreamQ("hooked")
instrument(app)  # the API alone: what it starts goes on with the context of the caller


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


@app.task(name="apart.traced", pool="process")
def traced() -> tuple[str, str, str]:
    """The trace that it runs in, and the job that it made."""
    job = current_job()
    logging.getLogger("shop").warning("said in a child")
    job.log("a line of its own")
    inner = apart.delay().id
    return f"{trace.get_current_span().get_span_context().trace_id:032x}", job.id, inner

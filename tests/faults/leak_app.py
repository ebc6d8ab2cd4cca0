"""What runs while leaks are looked for: each job uses something that could be left behind."""

from __future__ import annotations

from typing import Any

from streamq import Concurrency, RateLimit, StreamQ, Task, Unique, current_job
from tests.faults import quick  # noqa: F401 -- for what it does

app = StreamQ(
    "leaks", lease=2, default_queue="leaks", result_ttl=1.0, idempotency_ttl=1.0, max_crashes=1000
)


@app.task(ignore_result=True)
async def plain(number: int) -> None:
    """The most of them."""


@app.task
def answers(number: int) -> int:
    """On a thread, with a result."""
    return number


@app.task(max_attempts=2, backoff=0)
async def flaky(number: int) -> None:
    """Fails at first, has progress, a log and a checkpoint."""
    job = current_job()
    job.set_progress(1, 2)
    job.log(f"number {number}")
    await job.acheckpoint(number)
    if job.attempt == 1:
        raise ConnectionError(number)


@app.task(unique=Unique(by=("number",)), ignore_result=True)
async def one_of_a_kind(number: int) -> None:
    """With a key of its own."""


@app.task(
    lane="user-{number}",
    concurrency=Concurrency(1, key="{number}"),
    rate_limit=RateLimit(1000, per=1, key="{number}"),
    ignore_result=True,
)
async def limited(number: int) -> None:
    """In a lane of its own, with limits of its own."""


@app.task(ignore_result=True)
async def parent(number: int) -> None:
    """Has a child."""
    current_job().enqueue(plain.s(number))


TASKS: tuple[Task[..., Any], ...] = (
    plain,
    plain,
    plain,
    answers,
    flaky,
    one_of_a_kind,
    limited,
    parent,
)

"""What runs in storms: every kind of task, some of which fail at first, wait, or are held back.

`send` enqueues jobs of all kinds in turn; each run is written down (`journal.py`), so that what
really ran can be compared with what the queue says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from streamq import Concurrency, StreamQ, current_job
from tests.faults import quick  # noqa: F401 -- for what it does
from tests.faults.journal import write

app = StreamQ("storm", lease=2, max_crashes=1_000_000, default_queue="storm")
TENANTS = 7


def _pause(number: int) -> float:
    """Some ms of waiting, as for a database."""
    return number % 13 * 0.006


@app.task
def plain(number: int) -> int:
    """On a thread."""
    write(number)
    time.sleep(_pause(number))
    return number


@app.task
async def waiting(number: int) -> int:
    """On the event loop."""
    write(number)
    await asyncio.sleep(_pause(number))
    return number


@app.task(max_attempts=3, backoff=[0.05])
def flaky(number: int) -> int:
    """Fails on its first attempt."""
    write(number)
    if current_job().attempt == 1:
        raise ConnectionError(number)
    return number


@app.task(pool="process")
def computing(number: int) -> int:
    """In a child process."""
    write(number)
    time.sleep(_pause(number) / 4)
    return number


@app.task(concurrency=Concurrency(5))
def limited(number: int) -> int:
    """Five at once over all workers."""
    write(number)
    time.sleep(_pause(number) / 2)
    return number


@app.task(lane="tenant-{tenant}", concurrency=Concurrency(2, key="{tenant}"), max_attempts=3)
async def laned(number: int, tenant: int) -> int:
    """In lanes, two of each tenant at once; every third fails at first."""
    write(number)
    await asyncio.sleep(_pause(number) / 2)
    if number % 3 == 0 and current_job().attempt == 1:
        raise ConnectionError(number)
    return number


KINDS = 7


def send(numbers: Iterable[int]) -> dict[str, int]:
    """One job for each number, its kind by the number; returns ids."""
    of_kind: dict[int, list[int]] = {kind: [] for kind in range(KINDS)}
    for number in numbers:
        of_kind[number % KINDS].append(number)
    later = plain.options(countdown=1.5)
    tasks = (plain, waiting, flaky, computing, limited, None, later)
    found: dict[str, int] = {}
    for kind, mine in of_kind.items():
        task = tasks[kind]
        if not mine:
            continue
        if task is None:
            jobs = laned.delay_many([(n, n % TENANTS) for n in mine])
        else:
            jobs = task.delay_many([(n,) for n in mine])
        found |= {job.id: n for job, n in zip(jobs, mine, strict=True)}
    return found


def planned_runs(number: int) -> int:
    """Of a job that meets no trouble but its own."""
    kind = number % KINDS
    return 2 if kind == 2 or (kind == 5 and number % 3 == 0) else 1

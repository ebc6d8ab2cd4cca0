"""arq: async, polls for jobs."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, ClassVar

from arq.connections import RedisSettings, create_pool
from arq.worker import func, run_worker

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from arq.connections import ArqRedis

NAME = "arq"
PACKAGES = ("arq", "redis", "hiredis")
GUARANTEE = "at least once"
SETTINGS = (
    "max_jobs=100, poll_delay 0.5 s (its default), results logged nowhere; result(poll_delay=0.001)"
)
KINDS = ("async",)
_SETTINGS = RedisSettings.from_dsn(os.environ["BENCH_URL"])
_pools: list[ArqRedis] = []


async def noop(context: Any) -> None:
    hit()


async def kept(context: Any) -> int:
    hit()
    return 1


async def stamped(context: Any, number: int) -> None:
    mark(number)


async def payload(context: Any, text: str) -> None:
    hit()


class WorkerSettings:
    """What arq's worker reads."""

    functions: ClassVar = [
        func(noop, keep_result=0),
        kept,
        func(stamped, keep_result=0),
        func(payload, keep_result=0),
    ]
    redis_settings = _SETTINGS
    max_jobs = 100
    log_results = False


_TASKS = {"async": "noop", "result": "kept"}


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[None]:
    _pools.append(await create_pool(_SETTINGS))
    yield


def left() -> tuple[tuple[str, ...], ...]:
    return (("ZCARD", "arq:queue"),)


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.arq"]


async def enqueue(kind: str, n: int) -> None:
    for _ in range(n):
        await _pools[0].enqueue_job(_TASKS[kind])


async def fill(n: int) -> None:
    for _ in range(n):
        await _pools[0].enqueue_job("payload", PAYLOAD)


async def send() -> None:
    await _pools[0].enqueue_job("payload", PAYLOAD)


async def stamp(number: int) -> None:
    await _pools[0].enqueue_job("stamped", number)


async def round_trip() -> None:
    job = await _pools[0].enqueue_job("kept")
    if job is not None:
        await job.result(timeout=10, poll_delay=0.001)


if __name__ == "__main__":
    run_worker(WorkerSettings)

"""Taskiq on Redis streams."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "Taskiq"
PACKAGES = ("taskiq", "taskiq-redis", "redis", "hiredis", "uvloop")
GUARANTEE = "at least once"
SETTINGS = (
    "RedisStreamBroker, 1 worker process, 100 async tasks and 100 a read (its defaults), 8 "
    "threads, uvloop, log level ERROR; wait_result(check_interval=0.001); it deletes no entries"
)
KINDS = ("async", "sync")
URL = os.environ["BENCH_URL"]

# From 0, so that jobs sent before the worker starts are seen; its default is from now on.
broker = RedisStreamBroker(URL, consumer_id="0")
with_results = RedisStreamBroker(URL, consumer_id="0").with_result_backend(
    RedisAsyncResultBackend(URL, result_ex_time=3600)
)


@broker.task(task_name="noop")
async def noop() -> None:
    hit()


@broker.task(task_name="noop_sync")
def noop_sync() -> None:
    hit()


@with_results.task(task_name="kept")
async def kept() -> int:
    hit()
    return 1


@broker.task(task_name="stamped")
async def stamped(number: int) -> None:
    mark(number)


@broker.task(task_name="payload")
async def payload(text: str) -> None:
    hit()


_TASKS = {"async": noop, "sync": noop_sync, "result": kept}


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[None]:
    # The group is made by the worker: made here it would be gone after the server was emptied.
    yield


def left() -> tuple[tuple[str, ...], ...]:
    return (("stream", "taskiq", "taskiq"),)


def worker(kind: str) -> list[str]:
    which = "with_results" if kind == "result" else "broker"
    return [
        *("taskiq", "worker", f"benchmarks.peers.taskiq:{which}", "--workers", "1"),
        *("--max-async-tasks", "100", "--max-threadpool-threads", "8", "--log-level", "ERROR"),
    ]


async def enqueue(kind: str, n: int) -> None:
    task = _TASKS[kind]
    for _ in range(n):
        await task.kiq()


async def fill(n: int) -> None:
    for _ in range(n):
        await payload.kiq(PAYLOAD)


async def send() -> None:
    await payload.kiq(PAYLOAD)


async def stamp(number: int) -> None:
    await stamped.kiq(number)


async def round_trip() -> None:
    task = await kept.kiq()
    await task.wait_result(check_interval=0.001, timeout=10)

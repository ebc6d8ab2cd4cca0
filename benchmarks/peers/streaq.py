"""streaQ: async on Redis streams, plain tasks on threads."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from streaq import Worker

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "streaQ"
PACKAGES = ("streaq", "coredis", "hiredis")
GUARANTEE = "at least once"
SETTINGS = (
    "concurrency 16 (its default; 100 measured slower), sync_concurrency 8, silent tasks, ttl=0 "
    "where no result is kept"
)
KINDS = ("async", "sync")
BATCH = 500

pool = Worker(os.environ["BENCH_URL"], concurrency=16, sync_concurrency=8)


@pool.task(ttl=0, silent=True)
async def noop() -> None:
    hit()


@pool.task(ttl=0, silent=True)
def noop_sync() -> None:
    hit()


@pool.task(silent=True)
async def kept() -> int:
    hit()
    return 1


@pool.task(ttl=0, silent=True)
async def stamped(number: int) -> None:
    mark(number)


@pool.task(ttl=0, silent=True)
async def payload(text: str) -> None:
    hit()


_TASKS = {"async": noop, "sync": noop_sync, "result": kept}


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[None]:
    async with pool:
        yield


def left() -> tuple[tuple[str, ...], ...]:
    return (("XLEN", "streaq:default:queues:normal"),)


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.streaq_worker"]


async def enqueue(kind: str, n: int) -> None:
    task = _TASKS[kind]
    for at in range(0, n, BATCH):
        await pool.enqueue_many([task.enqueue() for _ in range(min(BATCH, n - at))])


async def fill(n: int) -> None:
    for at in range(0, n, BATCH):
        await pool.enqueue_many([payload.enqueue(PAYLOAD) for _ in range(min(BATCH, n - at))])


async def send() -> None:
    await payload.enqueue(PAYLOAD)


async def stamp(number: int) -> None:
    await stamped.enqueue(number)


async def round_trip() -> None:
    task = await kept.enqueue()
    await task.result(timeout=10)

"""SAQ: async."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import asyncio
import os
from typing import Any

from saq import Queue, Worker

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

NAME = "SAQ"
PACKAGES = ("saq", "redis", "hiredis")
GUARANTEE = "at least once, for jobs given retries"
SETTINGS = (
    "concurrency=100, ttl=-1 where no result is kept, nothing logged; apply(poll_interval=0.001)"
)
KINDS = ("async", "sync")

queue = Queue.from_url(os.environ["BENCH_URL"])


async def noop(context: Any) -> None:
    hit()


def noop_sync(context: Any) -> None:
    hit()


async def kept(context: Any) -> int:
    hit()
    return 1


async def stamped(context: Any, *, number: int) -> None:
    mark(number)


async def payload(context: Any, *, text: str) -> None:
    hit()


FUNCTIONS = [noop, noop_sync, kept, stamped, payload]
_TASKS = {"async": ("noop", -1), "sync": ("noop_sync", -1), "result": ("kept", 600)}


def left() -> tuple[tuple[str, ...], ...]:
    return (("ZCARD", "saq:default:incomplete"), ("LLEN", "saq:default:active"))


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.saq"]


async def enqueue(kind: str, n: int) -> None:
    name, ttl = _TASKS[kind]
    for _ in range(n):
        await queue.enqueue(name, ttl=ttl)


async def fill(n: int) -> None:
    for _ in range(n):
        await queue.enqueue("payload", text=PAYLOAD)


async def send() -> None:
    await queue.enqueue("payload", text=PAYLOAD, ttl=-1)


async def stamp(number: int) -> None:
    await queue.enqueue("stamped", number=number, ttl=-1)


async def round_trip() -> None:
    await queue.apply("kept", timeout=10, poll_interval=0.001)


async def serve() -> None:
    await queue.connect()
    await Worker(queue, functions=FUNCTIONS, concurrency=100).start()


if __name__ == "__main__":
    asyncio.run(serve())

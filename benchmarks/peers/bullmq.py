"""BullMQ's Python package: async."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any

from bullmq import Queue, QueueEvents, Worker

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = "BullMQ (Python)"
PACKAGES = ("bullmq", "redis", "hiredis")
GUARANTEE = "at least once"
SETTINGS = (
    "concurrency 10 (100 measured no faster, and slower to answer), removeOnComplete; results "
    "awaited through QueueEvents"
)
KINDS = ("async",)
BATCH = 500
URL = os.environ["BENCH_URL"]
OPTIONS = {"removeOnComplete": True}
_open: dict[str, Any] = {}
_waiting: dict[str, asyncio.Future[Any]] = {}


def _future(job_id: str) -> asyncio.Future[Any]:
    """Whoever comes first makes it: the event may be here before `add` has returned."""
    if job_id not in _waiting:
        _waiting[job_id] = asyncio.get_running_loop().create_future()
    return _waiting[job_id]


def _completed(args: dict[str, Any], *_: Any) -> None:
    future = _future(str(args["jobId"]))
    if not future.done():  # an error here would end its listening
        future.set_result(args.get("returnvalue"))


@contextlib.asynccontextmanager
async def session() -> AsyncIterator[None]:
    _open["queue"] = Queue("bench", {"connection": URL})
    yield


def left() -> tuple[tuple[str, ...], ...]:
    return (("LLEN", "bull:bench:wait"), ("LLEN", "bull:bench:active"))


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.bullmq"]


async def _many(name: str, data: Any, options: dict[str, Any], n: int) -> None:
    for at in range(0, n, BATCH):
        some = range(min(BATCH, n - at))
        jobs = [{"name": name, "data": data, "opts": dict(options)} for _ in some]
        await _open["queue"].addBulk(jobs)


async def enqueue(kind: str, n: int) -> None:
    options = {"removeOnComplete": {"age": 3600}} if kind == "result" else OPTIONS
    await _many("kept" if kind == "result" else "noop", {}, options, n)


async def fill(n: int) -> None:
    await _many("payload", {"text": PAYLOAD}, OPTIONS, n)


async def send() -> None:
    await _open["queue"].add("payload", {"text": PAYLOAD}, dict(OPTIONS))


async def stamp(number: int) -> None:
    await _open["queue"].add("stamped", {"number": number}, dict(OPTIONS))


async def round_trip() -> None:
    if "events" not in _open:
        events = _open["events"] = QueueEvents("bench", {"connection": URL})
        events.on("completed", _completed)
        await asyncio.sleep(0.3)  # until it listens
    # Numbers begin anew in an emptied server: what was heard of others' jobs is not about this one.
    _waiting.clear()
    job = await _open["queue"].add("kept", {}, {"removeOnComplete": {"age": 3600}})
    await asyncio.wait_for(_future(str(job.id)), 10)


async def process(job: Any, token: str) -> int | None:
    if job.name == "stamped":
        mark(job.data["number"])
        return None
    hit()
    return 1 if job.name == "kept" else None


async def serve() -> None:
    Worker("bench", process, {"connection": URL, "concurrency": 10})
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())

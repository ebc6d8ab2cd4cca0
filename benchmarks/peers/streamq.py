"""streamq itself."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os
import time

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark
from streamq import StreamQ

NAME = "streamq"
PACKAGES = ("streamq", "redis", "hiredis", "msgpack")
GUARANTEE = "at least once, fenced"
SETTINGS = "1 worker process, 100 async tasks and 8 threads at once, log level WARNING"
KINDS = ("async", "sync")

app = StreamQ("bench", broker=os.environ["BENCH_URL"])


@app.task(name="noop", ignore_result=True)
async def noop() -> None:
    hit()


@app.task(name="noop_sync", ignore_result=True)
def noop_sync() -> None:
    hit()


@app.task(name="kept")
async def kept() -> int:
    hit()
    return 1


@app.task(name="stamped", ignore_result=True)
async def stamped(number: int) -> None:
    mark(number)


@app.task(name="payload", ignore_result=True)
async def payload(text: str) -> None:
    hit()


@app.task(name="stamped_sync", ignore_result=True)
def stamped_sync(number: int) -> None:
    mark(number)


@app.task(name="sleep_sync", ignore_result=True)
def sleep_sync(seconds: float) -> None:
    time.sleep(seconds)


_TASKS = {"async": noop, "sync": noop_sync, "result": kept}
CHUNK = 10_000


def left() -> tuple[tuple[str, ...], ...]:
    return (("HLEN", app.keys("default").key("jobs")),)


def worker(kind: str) -> list[str]:
    return [
        *("streamq", "-A", "benchmarks.peers.streamq", "worker", "-c", "8"),
        *("--async-concurrency", "100", "--loglevel", "WARNING"),
    ]


def enqueue(kind: str, n: int) -> None:
    task = _TASKS[kind]
    for at in range(0, n, CHUNK):
        task.delay_many([()] * min(CHUNK, n - at))


def fill(n: int) -> None:
    for at in range(0, n, CHUNK):
        payload.delay_many([(PAYLOAD,)] * min(CHUNK, n - at))


def send() -> None:
    payload.delay(PAYLOAD)


def stamp(number: int) -> None:
    stamped.delay(number)


def round_trip() -> None:
    kept.delay().get(timeout=10)


def long_and_short(longs: int, seconds: float, shorts: int) -> None:
    """Long jobs, then short ones behind them, in one call."""
    calls = [sleep_sync.s(seconds) for _ in range(longs)]
    app.delay_many([*calls, *(stamped_sync.s(number) for number in range(shorts))])

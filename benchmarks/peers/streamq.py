"""streamq itself."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os
import time

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark
from streamq import RateLimit, StreamQ

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


@app.task(name="in_lane", ignore_result=True, lane="{lane}")
async def in_lane(lane: int) -> None:
    hit()


@app.task(name="keyed", ignore_result=True, rate_limit=RateLimit(100_000, per=1, key="{key}"))
async def keyed(key: int) -> None:
    if key != EXHAUSTED_KEY:
        hit()


_TASKS = {"async": noop, "sync": noop_sync, "result": kept}
CHUNK = 10_000
SHAPES = ("one lane", "a lane each", "ten keys", "one key more")  # of `benchmarks.lanes`
EXHAUSTED = 1000  # jobs of a key that gives one an hour, beside the others
EXHAUSTED_KEY = -1


def left() -> tuple[tuple[str, ...], ...]:
    return (("HLEN", app.keys("default").key("jobs")),)


def worker(kind: str) -> list[str]:
    return [
        *("streamq", "-A", "benchmarks.peers.streamq", "worker", "-c", "8"),
        *("--async-concurrency", "100", "--loglevel", "WARNING"),
    ]


def enqueue(kind: str, n: int) -> None:
    if kind in SHAPES:
        shape(kind, n)
        return
    task = _TASKS[kind]
    for at in range(0, n, CHUNK):
        task.delay_many([()] * min(CHUNK, n - at))


def shape(kind: str, n: int) -> None:
    if kind == "one key more":
        app.limits.set("keyed", "1/h", key=str(EXHAUSTED_KEY))
        keyed.delay_many([(EXHAUSTED_KEY,)] * EXHAUSTED)
    for at in range(0, n, CHUNK):
        some = range(at, min(n, at + CHUNK))
        if kind.endswith("lane") or kind == "a lane each":
            in_lane.delay_many([(0 if kind == "one lane" else one,) for one in some])
        else:
            keyed.delay_many([(one % 10,) for one in some])


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

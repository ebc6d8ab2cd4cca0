"""Dramatiq: one process, eight threads; async actors on its event loop thread."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

NAME = "Dramatiq"
PACKAGES = ("dramatiq", "redis", "hiredis")
GUARANTEE = "at least once"
SETTINGS = "1 process, 8 threads (its default), RedisBroker; AsyncIO and Results where used"
KINDS = ("sync", "async")
URL = os.environ["BENCH_URL"]

broker = RedisBroker(url=URL)
broker.add_middleware(AsyncIO())
broker.add_middleware(Results(backend=RedisBackend(url=URL)))
dramatiq.set_broker(broker)


@dramatiq.actor
def noop() -> None:
    hit()


@dramatiq.actor
async def noop_async() -> None:
    hit()


@dramatiq.actor(store_results=True)
def kept() -> int:
    hit()
    return 1


@dramatiq.actor
def stamped(number: int) -> None:
    mark(number)


@dramatiq.actor
def payload(text: str) -> None:
    hit()


_TASKS = {"sync": noop, "async": noop_async, "result": kept}


def left() -> tuple[tuple[str, ...], ...]:
    return (("HLEN", "dramatiq:default.msgs"),)


def worker(kind: str) -> list[str]:
    return [
        *("python", "-m", "dramatiq", "benchmarks.peers.dramatiq"),
        *("--processes", "1", "--threads", "8"),
    ]


def enqueue(kind: str, n: int) -> None:
    actor = _TASKS[kind]
    for _ in range(n):
        actor.send()


def fill(n: int) -> None:
    for _ in range(n):
        payload.send(PAYLOAD)


def send() -> None:
    payload.send(PAYLOAD)


def stamp(number: int) -> None:
    stamped.send(number)


def round_trip() -> None:
    kept.send().get_result(block=True, timeout=10_000)

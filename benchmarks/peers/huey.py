"""Huey: threads, at most once."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os

from huey import RedisHuey

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

NAME = "Huey"
PACKAGES = ("huey", "redis", "hiredis")
GUARANTEE = "at most once"
SETTINGS = "8 thread workers, RedisHuey with blocking pops, notify_result where results are kept"
KINDS = ("sync",)

huey = RedisHuey("bench", url=os.environ["BENCH_URL"], results=True, notify_result=True)


@huey.task()
def noop() -> None:
    hit()


@huey.task()
def kept() -> int:
    hit()
    return 1


@huey.task()
def stamped(number: int) -> None:
    mark(number)


@huey.task()
def payload(text: str) -> None:
    hit()


_TASKS = {"sync": noop, "result": kept}


def left() -> tuple[tuple[str, ...], ...]:
    return (("LLEN", huey.storage.queue_key),)


def worker(kind: str) -> list[str]:
    return [
        *("huey_consumer", "benchmarks.peers.huey.huey", "-w", "8", "-k", "thread"),
        *("--no-periodic", "--quiet"),
    ]


def enqueue(kind: str, n: int) -> None:
    task = _TASKS[kind]
    for _ in range(n):
        huey.enqueue(task.s())


def fill(n: int) -> None:
    for _ in range(n):
        payload(PAYLOAD)


def send() -> None:
    payload(PAYLOAD)


def stamp(number: int) -> None:
    stamped(number)


def round_trip() -> None:
    if kept().get(blocking=True, timeout=10) != 1:
        raise RuntimeError("no result")

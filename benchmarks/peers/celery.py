"""Celery: prefork, acknowledged late."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os

from celery import Celery

from benchmarks.board import PAYLOAD, hit
from benchmarks.board import stamp as mark

NAME = "Celery prefork"
PACKAGES = ("celery", "kombu", "redis", "hiredis")
GUARANTEE = "at least once"
SETTINGS = (
    "task_acks_late, prefork with one child per core, worker_prefetch_multiplier=64 (its advice "
    "for many short tasks), no gossip, mingle or heartbeat"
)
KINDS = ("sync",)
URL = os.environ["BENCH_URL"]

app = Celery("bench", broker=URL, backend=URL)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=64,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop() -> None:
    hit()


@app.task(name="kept", ignore_result=False)
def kept() -> int:
    hit()
    return 1


@app.task(name="stamped")
def stamped(number: int) -> None:
    mark(number)


@app.task(name="payload")
def payload(text: str) -> None:
    hit()


_TASKS = {"sync": noop, "result": kept}


def left() -> tuple[tuple[str, ...], ...]:
    return (("LLEN", "celery"), ("HLEN", "unacked"))


def worker(kind: str) -> list[str]:
    return [
        *("celery", "-A", "benchmarks.peers.celery", "worker", "--pool", "prefork"),
        *("-c", str(os.cpu_count() or 1), "--loglevel", "ERROR"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def enqueue(kind: str, n: int) -> None:
    task = _TASKS[kind]
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(n):
            task.apply_async(producer=producer)


def fill(n: int) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(n):
            payload.apply_async((PAYLOAD,), producer=producer)


def send() -> None:
    payload.delay(PAYLOAD)


def stamp(number: int) -> None:
    stamped.delay(number)


def round_trip() -> None:
    kept.delay().get(timeout=10)

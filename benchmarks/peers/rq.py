"""RQ: the worker that its documentation wants in production, one fork a job."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import os

from redis import Redis
from rq import Queue

from benchmarks.board import PAYLOAD
from benchmarks.peers import rq_tasks as tasks

NAME = "RQ (forks)"
PACKAGES = ("rq", "redis", "hiredis")
GUARANTEE = "at least once, if its scheduler cleans up; a killed worker's job fails"
SETTINGS = "Worker (one fork a job), tasks imported before the fork, result_ttl=0 where not kept"
KINDS = ("sync",)

queue = Queue(connection=Redis.from_url(os.environ["BENCH_URL"]))
_TASKS = {"sync": (tasks.noop, 0), "result": (tasks.kept, 500)}
BATCH = 500


def left() -> tuple[tuple[str, ...], ...]:
    return (("LLEN", "rq:queue:default"), ("ZCARD", "rq:wip:default"))


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.rq_tasks", "Worker"]


def enqueue(kind: str, n: int) -> None:
    function, ttl = _TASKS[kind]
    for at in range(0, n, BATCH):
        many = [Queue.prepare_data(function, result_ttl=ttl) for _ in range(min(BATCH, n - at))]
        queue.enqueue_many(many)


def fill(n: int) -> None:
    for at in range(0, n, BATCH):
        some = range(min(BATCH, n - at))
        queue.enqueue_many([Queue.prepare_data(tasks.payload, (PAYLOAD,)) for _ in some])


def send() -> None:
    queue.enqueue(tasks.payload, PAYLOAD)


def stamp(number: int) -> None:
    queue.enqueue(tasks.stamped, number, result_ttl=0)


def round_trip() -> None:
    result = queue.enqueue(tasks.kept).latest_result(timeout=10)
    if result is None or result.return_value != 1:
        raise RuntimeError("no result")

"""RQ without forks: what its notes allow for very short jobs that can be trusted."""

from __future__ import annotations

from benchmarks.peers.rq import (
    GUARANTEE,
    KINDS,
    PACKAGES,
    enqueue,
    fill,
    left,
    round_trip,
    send,
    stamp,
)

__all__ = [
    *("GUARANTEE", "KINDS", "NAME", "PACKAGES", "SETTINGS", "enqueue", "fill", "left"),
    *("round_trip", "send", "stamp", "worker"),
]

NAME = "RQ SimpleWorker"
SETTINGS = "SimpleWorker (no fork, no isolation), result_ttl=0 where not kept"


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.rq_tasks", "SimpleWorker"]

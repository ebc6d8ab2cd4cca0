"""RQ without forks: what its notes allow for very short jobs that can be trusted."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

from benchmarks.peers import rq

NAME = "RQ SimpleWorker"
SETTINGS = "SimpleWorker (no fork, no isolation), result_ttl=0 where not kept"
PACKAGES, GUARANTEE, KINDS = rq.PACKAGES, rq.GUARANTEE, rq.KINDS
left, enqueue, fill, send = rq.left, rq.enqueue, rq.fill, rq.send
stamp, round_trip = rq.stamp, rq.round_trip


def worker(kind: str) -> list[str]:
    return ["python", "-m", "benchmarks.peers.rq_tasks", "SimpleWorker"]

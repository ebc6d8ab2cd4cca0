"""RQ's tasks, and its worker with them imported already, as its performance notes say."""

# ruff: noqa: ARG001 - every driver's functions, and every task of a kind, take the same

from __future__ import annotations

import logging
import os
import sys

from benchmarks.board import hit
from benchmarks.board import stamp as mark


def noop() -> None:
    hit()


def kept() -> int:
    hit()
    return 1


def stamped(number: int) -> None:
    mark(number)


def payload(text: str) -> None:
    hit()


def main() -> None:
    import rq  # noqa: PLC0415 - the worker alone needs it
    from redis import Redis  # noqa: PLC0415

    connection = Redis.from_url(os.environ["BENCH_URL"])
    worker = getattr(rq, sys.argv[1])(["default"], connection=connection)
    worker.work(logging_level=logging.ERROR)


if __name__ == "__main__":
    main()

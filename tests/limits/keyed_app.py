"""The application of workers that are killed: unique keys, limits, lanes, retries."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streamq import Concurrency, RateLimit, StreamQ, Unique, current_job

app = StreamQ("keyed", lease=1, max_crashes=20)
app.queue("default", concurrency=6)
app.limit("shared", "200/s")
PER_USER = Concurrency(1, key="{user}")


def by_user(on_conflict: str) -> Unique:
    return Unique(by=("user",), on_conflict=on_conflict)  # type: ignore[arg-type]


@app.task(
    name="sync",
    unique=by_user("return"),
    concurrency=3,
    rate_limit="shared",
    lane="{user}",
    max_attempts=3,
    backoff=0.02,
)
def sync(user: int, call: int) -> None:
    with _noted("sync", user, call):
        _fail_at_times(call)


@app.task(
    name="newest",
    unique=by_user("queue_one"),
    rate_limit=["shared", RateLimit(20, per=1, burst=2, key="{user}")],
    lane="{user}",
    max_attempts=3,
    backoff=0.02,
)
def newest(user: int, call: int) -> None:
    with _noted("newest", user, call):
        _fail_at_times(call)


@app.task(
    name="latest",
    unique=by_user("replace"),
    ordered=True,
    concurrency=4,
    lane="{user}",
    max_attempts=3,
    backoff=0.02,
)
def latest(user: int, call: int) -> None:
    with _noted("latest", user, call):
        _fail_at_times(call)


@app.task(name="sole", unique=by_user("raise"), concurrency=PER_USER, priority=7)
def sole(user: int, call: int) -> None:
    with _noted("sole", user, call):
        _fail_at_times(-1)


@app.task(name="calm", unique=by_user("return"), debounce=0.15, max_wait=0.6, lane="{user}")
def calm(user: int, call: int) -> None:
    with _noted("calm", user, call):
        pass


@app.task(name="slow", unique=by_user("return"), concurrency=1)
def slow(user: int, call: int) -> None:
    with _noted("slow", user, call):
        time.sleep(0 if current_job().crashes else 60)


def _fail_at_times(call: int) -> None:
    time.sleep(0.03)
    if call % 5 == 0 and current_job().attempt == 1:
        raise ValueError("the first time")


@contextmanager
def _noted(task: str, user: int, call: int) -> Iterator[None]:
    journal = Path(os.environ["STREAMQ_TEST_JOURNAL"])

    process = f"{os.getpgrp()} {os.getppid()}"

    def say(what: str) -> None:
        with journal.open("a") as file:
            file.write(f"{what} {task}/{user}/{call} {process} {time.monotonic()}\n")

    say("begin")
    try:
        yield
    finally:
        say("end")

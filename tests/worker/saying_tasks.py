"""Tasks that say what they do: chunks, log lines, progress, checkpoints."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from streamq import LeaseLost, ResultError, Retry, StreamQ, current_job


def add_saying(app: StreamQ, note: Callable[[str], None]) -> None:  # noqa: C901, PLR0915 - small tasks
    def says(n: int, then: str = "") -> int:
        job = current_job()
        for i in range(n):
            job.emit({"n": i})
            job.log("line", i)
        if then:
            raise ValueError(then)
        return n

    async def asays(n: int) -> int:
        return says(n)

    def walks(rows: int, dies_at: int = -1, pause: float = 0) -> int:
        job = current_job()
        for row in job.iterate(range(rows), every=5):
            note(f"row{row}")
            time.sleep(pause)
            if row == dies_at and not job.crashes:
                os.kill(os.getpid(), signal.SIGKILL)
        return rows

    async def awalks(rows: int, fails_at: int = -1) -> int:
        job = current_job()
        async for row in job.aiterate(range(rows), every=5):
            note(f"row{row}")
            if row == fails_at and job.attempt == 1:
                raise Retry(countdown=0)
        return rows

    def keeps(value: Any) -> Any:
        job = current_job()
        if job.attempt == 1:
            job.checkpoint(value)
            raise Retry(countdown=0)
        return job.restored

    def slowly(n: int, pause: float) -> None:
        job = current_job()
        for i in range(n):
            job.emit(i)
            job.log("at", i)
            job.set_progress(i + 1, n)
            time.sleep(pause)

    def floods() -> tuple[list[float], str]:
        job, took = current_job(), []
        for say in (job.emit, job.log, lambda i: job.set_progress(i, 10_000, "flooding")):
            begin = time.perf_counter()
            for i in range(10_000):
                say(i)
            took.append((time.perf_counter() - begin) / 10_000)
        try:
            job.emit("one more")
        except ResultError as error:
            return took, str(error)
        return took, ""

    def loses_its_lease() -> int:
        job = current_job()
        note("begin")
        try:
            for number in range(500):
                time.sleep(0.02)
                job.checkpoint(number)
                if job.restored is not None:
                    break
        except LeaseLost:
            note("lost")
            raise
        return int(job.restored)

    async def blocks(value: Any) -> None:
        current_job().checkpoint(value)

    for pool in ("", "p"):
        where: dict[str, Any] = {"pool": "process"} if pool else {}
        app.task(name=f"{pool}says", **where)(says)
        app.task(name=f"{pool}asays", **where)(asays)
        app.task(name=f"{pool}walks", **where)(walks)
        app.task(name=f"{pool}awalks", **where)(awalks)
        app.task(name=f"{pool}keeps", **where)(keeps)
    app.task(name="blocks")(blocks)
    app.task(name="slowly")(slowly)
    app.task(name="floods")(floods)
    app.task(name="loses_its_lease")(loses_its_lease)

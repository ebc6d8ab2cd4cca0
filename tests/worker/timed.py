"""Tasks with time limits, for the worker's tests: what sleeps, what computes, what won't listen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from streamq import SoftTimeLimitExceeded, StreamQ, current_job
from streamq.ids import IdMaker, id_time_ms

LONG_S = 30.0
KINDS = ("thread", "loop", "process")
HARD: dict[str, Any] = {"time_limit": 0.5}
SOFT: dict[str, Any] = {"soft_time_limit": 0.3, "time_limit": LONG_S}


def busy(seconds: float = LONG_S) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return "not stopped"


def naps(seconds: float = LONG_S) -> str:
    for _ in range(int(seconds / 0.05)):
        time.sleep(0.05)
    return "not stopped"


async def anaps(seconds: float = LONG_S) -> str:
    await asyncio.sleep(seconds)
    return "not stopped"


def stubborn() -> str:
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        with suppress(BaseException):
            naps(0.1)
    return "not stopped"


async def astubborn() -> str:
    end = time.monotonic() + LONG_S
    while time.monotonic() < end:
        with suppress(BaseException):
            await asyncio.sleep(0.1)
    return "not stopped"


def waits_in_c(seconds: float = 1.2) -> str:
    time.sleep(seconds)
    return "not stopped"


def soft(what: Callable[[], str]) -> str:
    began = time.monotonic()
    try:
        return what()
    except SoftTimeLimitExceeded:
        return f"cleaned up after {time.monotonic() - began:.2f} s"


WAYS = {"sleeping": naps, "busy": busy, "stubborn": stubborn, "in C": waits_in_c}
AWAYS = {"sleeping": anaps, "stubborn": astubborn}


def add_timed(app: StreamQ, note: Callable[[str], None]) -> None:
    _add(app, note, "thread", naps, busy, stubborn)
    _add(app, note, "process", naps, busy, stubborn, pool="process")

    async def abusy() -> str:
        return busy()

    _add(app, note, "loop", anaps, abusy, astubborn)
    _add_soft(app, note)
    _add_ways(app, note)

    @app.task(name="blocks_once", time_limit=0.5, max_attempts=2, backoff=0)
    async def blocks_once() -> int:
        note("begin")
        await asyncio.sleep(0)
        if current_job().attempt == 1:
            busy()
        return current_job().attempt

    @app.task(name="extends", time_limit=0.6)
    def extends(seconds: float) -> list[float]:
        job = current_job()
        before = job.deadline
        assert before is not None
        after = job.extend_deadline(seconds)
        assert after is not None
        naps(1.0)
        return [before.timestamp(), after.timestamp()]

    @app.task(name="clock")
    def clock() -> list[float]:
        own_id = IdMaker().new_id("default", kept=True)
        return [time.time(), datetime.now(UTC).timestamp(), id_time_ms(own_id) / 1000]

    @app.task(name="aextends", time_limit=0.6)
    async def aextends(seconds: float) -> list[float]:
        before = current_job().deadline
        assert before is not None
        after = current_job().extend_deadline(seconds)
        assert after is not None
        await anaps(1.0)
        return [before.timestamp(), after.timestamp()]

    app.task(name="pextends", time_limit=0.6, pool="process")(extends.function)


def _add(
    app: StreamQ,
    note: Callable[[str], None],
    kind: str,
    *functions: Callable[[], Any],
    **options: Any,
) -> None:
    for how, function in zip(("sleeping", "busy", "stubborn"), functions, strict=True):
        add = app.task(name=f"{kind}_{how}", **HARD, **options)
        add(_noted(function, note))


def _noted(function: Callable[[], Any], note: Callable[[str], None]) -> Callable[[], Any]:
    async def arun() -> Any:
        note("begin")
        return await function()

    def run() -> Any:
        note("begin")
        return function()

    return arun if asyncio.iscoroutinefunction(function) else run


def _add_soft(app: StreamQ, note: Callable[[str], None]) -> None:
    def softly() -> str:
        note("begin")
        return soft(naps)[:10]

    async def asoft() -> str:
        note("begin")
        tasks: list[asyncio.Task[str]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks.append(group.create_task(anaps()))
        except SoftTimeLimitExceeded:
            assert tasks[0].cancelled(), "what it waited for is cleaned up too"
            await asyncio.sleep(0.01)
            return "cleaned up"
        return "not stopped"

    app.task(name="thread_soft", **SOFT)(softly)
    app.task(name="process_soft", pool="process", **SOFT)(softly)
    app.task(name="loop_soft", **SOFT)(asoft)
    app.task(name="aprocess_soft", pool="process", **SOFT)(asoft)
    app.task(name="soft_uncaught", soft_time_limit=0.3, max_attempts=2, backoff=0)(naps)


def _add_ways(app: StreamQ, note: Callable[[str], None]) -> None:
    def softly(how: str) -> str:
        note("begin")
        return soft(WAYS[how])

    app.task(name="softly", soft_time_limit=0.3)(softly)
    app.task(name="psoftly", soft_time_limit=0.3, pool="process")(softly)

    @app.task(name="apart", max_crashes=2, time_limit=0.5)
    def apart(how: str) -> str:
        """In a process of its own, once its worker's was killed."""
        note("begin")
        if not current_job().crashes:
            current_job().extend_deadline(LONG_S)
            naps()
        return soft(WAYS[how])

    @app.task(name="aapart", max_crashes=2, time_limit=0.5)
    async def aapart(how: str) -> str:
        note("begin")
        if not current_job().crashes:
            current_job().extend_deadline(LONG_S)
            await anaps()
        return await AWAYS[how]() if how in AWAYS else WAYS[how]()

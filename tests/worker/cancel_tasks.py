"""Tasks that are cancelled while they run: those that tidy up, those that won't hear of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from streamq import StreamQ

STEP_S = 0.02


def add_cancellable(app: StreamQ, note: Callable[[str], None]) -> None:  # noqa: C901 - small tasks
    """Of all three kinds."""

    def tidies(seconds: float) -> str:
        note("begin")
        try:
            steps(seconds)
        finally:
            note("tidied")
        return "done"

    async def atidies(seconds: float) -> str:
        note("begin")
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.sleep(0.01)
            note("tidied")
        return "done"

    def fails_instead() -> None:
        note("begin")
        try:
            steps(30)
        except BaseException as error:
            raise ValueError("not like this") from error

    def will_not_hear(seconds: float) -> str:
        note("begin")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                time.sleep(STEP_S)
            except BaseException:
                note("told")
        return "done"

    async def awill_not_hear(seconds: float) -> str:
        note("begin")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                await asyncio.sleep(STEP_S)
            except asyncio.CancelledError:
                note("told")
        return "done"

    process: dict[str, Any] = {"pool": "process"}
    app.task(name="tidies")(tidies)
    app.task(name="atidies")(atidies)
    app.task(name="ptidies", **process)(tidies)
    app.task(name="patidies", **process)(atidies)
    app.task(name="fails_instead", max_attempts=5, backoff=0)(fails_instead)
    app.task(name="will_not_hear")(will_not_hear)
    app.task(name="awill_not_hear")(awill_not_hear)
    app.task(name="pwill_not_hear", **process)(will_not_hear)
    _add_greedy(app, note)


def _add_greedy(app: StreamQ, note: Callable[[str], None]) -> None:
    """Async ones that keep their loop to themselves."""

    async def never_awaits(seconds: float) -> str:
        note("begin")
        steps(seconds)
        return "done"

    async def awaits_once(seconds: float) -> str:
        await asyncio.sleep(0)
        return await never_awaits(seconds)

    app.task(name="never_awaits")(never_awaits)
    app.task(name="awaits_once")(awaits_once)
    app.task(name="pnever_awaits", pool="process")(never_awaits)


def steps(seconds: float) -> None:
    """A thread is told between two of them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(STEP_S)

"""The producer's side of one queue, in that queue's environment: answers the harness on a pipe.

    python -m benchmarks.driver celery     reads one JSON list a line: [verb, argument…]

Each answer is one line of JSON. What a driver must have: see `benchmarks/peers/__init__.py`.
Async drivers run on one event loop; plain ones are called with no loop in sight.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import json
import os
import random
import sys
import time
from importlib.metadata import version
from typing import Any, TextIO

import redis

from benchmarks.board import VARIABLE, Board

PATIENCE_NS = 10_000_000_000
LONG_S = 6.0  # a queue that polls twice a second need not answer a hundred times
SLICE = 200  # calls between two looks at the reference loop


class Driver:
    """One queue's driver module, and the verbs that the harness may call."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.has_loop = inspect.iscoroutinefunction(module.send)

    async def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the module, plain or async."""
        answer = getattr(self.module, name)(*arguments)
        return await answer if inspect.isawaitable(answer) else answer

    async def pause(self, seconds: float) -> None:
        """Wait, and let the loop run if there is one."""
        if self.has_loop:
            await asyncio.sleep(seconds)
        else:
            time.sleep(seconds)  # noqa: ASYNC251 - there is no loop

    async def describe(self) -> dict[str, Any]:
        """What the harness has to know."""
        peer = self.module
        return {
            "name": peer.NAME,
            "versions": {package: version(package) for package in peer.PACKAGES},
            "guarantee": peer.GUARANTEE,
            "settings": peer.SETTINGS,
            "kinds": list(peer.KINDS),
            "left": [list(command) for command in peer.left()],
            "workers": {
                kind: peer.worker(kind)
                for kind in (*peer.KINDS, "result", *getattr(peer, "SHAPES", ()))
            },
        }

    async def enqueue(self, kind: str, n: int) -> float:
        """Seconds that n jobs take, sent the fastest way."""
        return await self._timed("enqueue", kind, n)

    async def fill(self, n: int) -> float:
        """The same of n jobs with arguments."""
        return await self._timed("fill", n)

    async def one_by_one(self, slices: int) -> dict[str, list[float]]:
        """Seconds a call of `send`, and of a bare redis-py SET, in turn: one figure a slice."""
        reference = redis.Redis.from_url(os.environ["BENCH_URL"])
        send, wait = self.module.send, self.has_loop
        sends, sets, value = [], [], b"x" * 100
        for number in range(slices):
            began = time.perf_counter()
            for at in range(SLICE):
                reference.set(f"reference:{number}:{at}", value)
            sets.append((time.perf_counter() - began) / SLICE)
            began = time.perf_counter()
            for _ in range(SLICE):
                if wait:
                    await send()
                else:
                    send()
            sends.append((time.perf_counter() - began) / SLICE)
        return {"send": sends, "set": sets}

    async def starts(self, n: int, gap: float) -> list[float]:
        """Seconds from the call that sends a job to its start, for n jobs sent to an idle worker.

        The next one follows `gap` seconds after the last one started, so it never queues.
        """
        stamps = Board(os.environ[VARIABLE]).stamps
        taken: list[float] = []
        for number in range(n):
            if sum(taken) > LONG_S:
                break
            began = time.monotonic_ns()
            await self.call("stamp", number)
            while not stamps[number]:
                if time.monotonic_ns() - began > PATIENCE_NS:
                    raise TimeoutError("a job never started")
                await self.pause(0.002)
            taken.append((stamps[number] - began) / 1e9)
            await self.pause(gap * random.uniform(0.8, 1.2))
        return taken

    async def round_trips(self, n: int, gap: float) -> list[float]:
        """Seconds of each of n calls that wait for their result."""
        taken: list[float] = []
        for _ in range(n):
            if sum(taken) > LONG_S:
                break
            taken.append(await self._timed("round_trip"))
            await self.pause(gap)
        return taken

    async def _timed(self, name: str, *arguments: Any) -> float:
        began = time.perf_counter()
        await self.call(name, *arguments)
        return time.perf_counter() - began

    async def serve(self, out: TextIO) -> None:
        """Answer until the harness hangs up."""
        session = getattr(self.module, "session", contextlib.nullcontext)
        async with session():
            while line := await self._line():
                verb, *arguments = json.loads(line)
                known = getattr(self, verb, None)
                try:
                    answer = known(*arguments) if known else self.call(verb, *arguments)
                    reply: Any = {"ok": await answer}
                except Exception as error:  # noqa: BLE001 - the harness reports it
                    reply = {"error": f"{type(error).__name__}: {error}"[:500]}
                out.write(json.dumps(reply) + "\n")
                out.flush()

    async def _line(self) -> str:
        if self.has_loop:
            return await asyncio.to_thread(sys.stdin.readline)
        return sys.stdin.readline()


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    driver = Driver(importlib.import_module(f"benchmarks.peers.{sys.argv[1]}"))
    serving = driver.serve(out)
    if driver.has_loop:
        asyncio.run(serving)
    else:
        with contextlib.suppress(StopIteration):  # it never suspends, so it needs no loop
            serving.send(None)
    out.flush()
    os._exit(0)  # some libraries leave threads behind that wait for ever


if __name__ == "__main__":
    main()

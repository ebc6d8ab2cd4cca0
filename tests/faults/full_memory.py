"""Row 7: a full server refuses what adds, whole and with a typed error, and still drains."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

from streamq import StreamQ, operations
from streamq.errors import BrokerRefused
from streamq.worker import Worker
from tests.faults.harness import Ground, Row
from tests.waiting import wait_until
from tests.worker.rig import Here


def attack(ground: Ground, *, waiting: int, running: int) -> None:
    """`running` jobs run and `waiting` wait when the memory is full."""
    server = ground.server()
    app = StreamQ("full", broker=server.url, lease=2, enqueue_timeout=0.5)
    ground.ends.callback(app.runtime.close)
    go, began, ended = threading.Event(), set[int](), set[int]()

    @app.task(name="hold")
    async def hold(number: int) -> int:
        began.add(number)
        while not go.is_set():  # noqa: ASYNC110 - set by the test's thread
            await asyncio.sleep(0.01)
        ended.add(number)
        return number

    here = Here(Worker(app, threads=1, async_concurrency=running))
    here.start()
    ground.ends.callback(lambda: here.stop(30))
    ground.ends.callback(go.set)
    jobs = {job.id for job in hold.delay_many([(n,) for n in range(running)])}
    wait_until(lambda: len(began) == running, "all to run", 20)
    jobs |= {job.id for job in hold.delay_many([(n,) for n in range(running, running + waiting)])}
    server.admin.config_set("maxmemory", 1)
    keys = app.keys("default")
    before = app.client.run(operations.count(keys))
    for what, call in _additions(app, hold).items():
        try:
            call()
        except BrokerRefused as error:
            ground.figures.expect("memory" in str(error), f"{what}: {error}")
            ground.figures.add(refused=1)
        else:
            ground.figures.expect(False, f"{what} was accepted")
    after = app.client.run(operations.count(keys))
    for name in ("jobs", "waiting", "scheduled", "running", "enqueued"):
        ground.figures.expect(before.get(name) == after.get(name), f"{name} changed")
    time.sleep(2.5)  # longer than the lease: it is renewed while the memory is full
    ground.snapshot(server, keys)
    go.set()
    wait_until(lambda: _left(app, keys) == 0, "all to drain", 60, every=0.1)
    ground.snapshot(server, keys)
    counts = app.client.run(operations.count(keys))
    ground.figures.expect_same(ended, set(range(running + waiting)), "numbers that ran")
    ground.figures.expect(counts["succeeded"] == len(jobs), f"{counts['succeeded']} successes")
    ground.figures.expect(not counts.get("reclaimed"), "a running job was taken back")
    server.admin.config_set("maxmemory", 0)
    ground.figures.expect(hold.delay(1).get(timeout=5) == 1, "it takes jobs again")
    ground.figures.add(drained=len(jobs))
    ground.audit(server)


def _left(app: StreamQ, keys: Any) -> int:
    counts = app.client.run(operations.count(keys))
    return counts["waiting"] + counts["running"]


def _additions(app: StreamQ, hold: Any) -> dict[str, Callable[[], Any]]:
    """Every way to add."""
    return {
        "delay": lambda: hold.delay(1),
        "delay_many": lambda: hold.delay_many([(n,) for n in range(500)]),
        "countdown": lambda: hold.options(countdown=60).delay(1),
        "unique": lambda: hold.options(unique=True).delay(1),
        "lane": lambda: hold.options(lane="x").delay(1),
        "idempotency": lambda: hold.options(idempotency_key="k").delay(1),
        "adelay": lambda: asyncio.run(_adelay(app, hold)),
    }


async def _adelay(app: StreamQ, hold: Any) -> None:
    try:
        await hold.adelay(1)
    finally:
        await app.client.aclose()


ROW = Row(
    7,
    "memory full, with jobs waiting and running",
    attack,
    small={"waiting": 10_000, "running": 100},
    large={"waiting": 50_000, "running": 100},
    rounds=5,
)

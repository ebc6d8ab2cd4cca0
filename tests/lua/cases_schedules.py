"""The same for the scripts of schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamq import operations as op
from streamq.operations import Call, Declaration, NewJob
from tests.lua.rig import BODY, Rig

NAME = "shop/nightly"


def schedules(n: int) -> list[str]:
    return [f"shop/{i:04d}" for i in range(n)]


def declared(rig: Rig, *names: str, author: str = "f1", timing: str = "daily") -> list[str]:
    told = [Declaration(name, author, timing, f"{author} of {name}") for name in names]
    return rig.run(op.declare(rig.keys, declarations=told))


def tick_id(n: int) -> str:
    return f"{n:07d}_at_{n:08d}." + "q" * 40


def jobs(n: int) -> list[tuple[int, NewJob]]:
    return [
        (1_000 + i, NewJob(tick_id(i), "t", BODY, expires="+60000", opts="t=1,s=shop/nightly"))
        for i in range(n)
    ]


def fire_call(
    rig: Rig, n: int = 1, cursor: str = "-", overlap: str = "allow", **more: Any
) -> Call[Any]:
    given: dict[str, Any] = {"next_cursor": "5000", "version": 1, **more}
    after = given["next_cursor"]
    given.setdefault("look_at_ms", 0 if after == "end" else int(after))
    given.setdefault("jobs", jobs(n))
    return op.fire(rig.keys, schedule=NAME, cursor=cursor, overlap=overlap, **given)


def declare(rig: Rig, n: int) -> Call[Any]:
    told = [Declaration(name, "f1", "daily", "x" * 100) for name in schedules(n)]
    return op.declare(rig.keys, declarations=told)


def define(rig: Rig, n: int) -> Call[Any]:
    return op.define(rig.keys, schedule=NAME, version=0, timing="daily", definition="x" * n)


def suspend(rig: Rig, n: int) -> Call[Any]:
    rig.run(declare(rig, n))
    return op.suspend(rig.keys, schedules=schedules(n), paused=True)


def withdraw(rig: Rig, n: int) -> Call[Any]:
    rig.run(declare(rig, n))
    return op.withdraw(rig.keys, schedules=schedules(n), hold_ms=0)


def fire(rig: Rig, n: int) -> Call[Any]:
    declared(rig, NAME)
    return fire_call(rig, n)


def watch(rig: Rig, n: int) -> Call[Any]:
    """Jobs that have ended, one held back behind another, and schedules that are due."""
    rig.run(fire(rig, n))
    rig.run(fire_call(rig, cursor="5000", overlap="queue_one", jobs=[(7, jobs(n + 1)[-1][1])]))
    rig.run(op.cancel(rig.keys, ids=[tick_id(i) for i in range(n)], result_ttl_ms=60_000))
    for at in range(0, n, 200):
        rig.run(declare(rig, n - at))
    return op.watch(rig.keys, look_ms=2_000, limit=n)


def timetable(rig: Rig, n: int) -> Call[Any]:
    rig.run(fire(rig, min(n, 200)))
    rig.run(op.cancel(rig.keys, ids=[tick_id(0)], result_ttl_ms=60_000))
    return op.timetable(rig.keys, limit=n)


def audit_schedules(rig: Rig, n: int) -> Call[Any]:
    watch(rig, n)
    return op.audit(rig.keys, structure="schedule_runs", limit=n)


CASES: dict[str, Callable[[Rig, int], Call[Any]]] = {
    case.__name__: case
    for case in (declare, define, suspend, withdraw, fire, watch, timetable, audit_schedules)
}

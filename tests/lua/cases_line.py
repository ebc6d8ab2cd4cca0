"""The cases of the scripts of the line; see `cases`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamq import operations as op
from streamq.operations import Call
from tests.lua.rig import Rig

LIMITED = "q=lane|rrate=3600000000=1"


def _ids(n: int) -> list[str]:
    return [f"{i:04d}".rjust(24, "0") + "." + "q" * 39 for i in range(n)]


def _parked(rig: Rig, n: int) -> list[str]:
    """One has taken the limit, `n` wait for it."""
    rig.enqueue("first", *_ids(n)[: min(n, 199)], opts=LIMITED)
    rig.enqueue(*_ids(n)[199:], opts=LIMITED) if n > 199 else None
    assert rig.claimed("first", 2) == ["first"]
    return _ids(n)


def pause(rig: Rig, n: int) -> Call[Any]:
    _parked(rig, n)
    return op.pause(rig.keys, what="task", name="t")


def resume(rig: Rig, n: int) -> Call[Any]:
    rig.run(pause(rig, n))
    rig.claim("again")
    return op.resume(rig.keys, what="task", name="t")


def set_limits(rig: Rig, n: int) -> Call[Any]:
    _parked(rig, n)
    return op.set_limits(rig.keys, values={f"limit{i}": "r 100.5 3" for i in range(n)})


def get_limits(rig: Rig, n: int) -> Call[Any]:
    rig.run(set_limits(rig, n))
    return op.get_limits(rig.keys, limit=n)


def poke(rig: Rig, n: int) -> Call[Any]:
    _parked(rig, n)
    return op.poke(rig.keys, definition="rate", cursor="r", limit=n)  # the step that has gates


def limiters(rig: Rig, n: int) -> Call[Any]:
    _parked(rig, n)
    return op.limiters(rig.keys, limit=n)


def standing(rig: Rig, n: int) -> Call[Any]:
    return op.standing(rig.keys, ids=_parked(rig, n))


def throttle(rig: Rig, n: int) -> Call[Any]:
    rig.running(*_ids(n)[:-1]) if n > 1 else None
    rig.enqueue(_ids(n)[-1], opts=LIMITED)
    rig.claim("limited")
    tokens = ["T"] * (n - 1) + ["limited"]
    jobs = [op.Throttled(i, token, 60_000) for i, token in zip(_ids(n), tokens, strict=True)]
    return op.throttle(rig.keys, worker="w", seq=99, jobs=jobs)


CASES: dict[str, Callable[[Rig, int], Call[Any]]] = {
    case.__name__: case
    for case in (pause, resume, set_limits, get_limits, poke, limiters, standing, throttle)
}

from __future__ import annotations

from streamq import operations as op
from streamq.operations import Limiter
from tests.lua.rig import Rig


def page(rig: Rig, limiter: str, cursor: str = "", limit: int = 100) -> op.LimiterPage:
    return rig.run(op.limiters(rig.keys, limiter=limiter, cursor=cursor, limit=limit))


def test_a_limit_that_nobody_uses_is_there_with_nothing(rig: Rig) -> None:
    found = page(rig, "cdef")
    assert found.cursor == ""
    (only,) = found.limiters
    assert (only.id, only.running, only.classes, only.jobs, only.look_ms) == ("cdef", 0, 0, 0, None)


def test_running_and_waiting_jobs_of_each_key(rig: Rig) -> None:
    for key in "ab":
        rig.enqueue(*[f"{key}{n}" for n in range(4)], opts=f"q=|cdef!{key}=1")
    rig.enqueue("b4", "b5", opts="q=lane|cdef!b=1")
    rig.claim()
    shown = {one.id: (one.running, one.classes, one.jobs) for one in page(rig, "cdef").limiters}
    assert shown == {"cdef": (0, 0, 0), "cdef!a": (1, 1, 3), "cdef!b": (1, 2, 5)}


def test_a_rate_says_when_the_next_start_is_due(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=|rdef=5000000=1")
    assert rig.claimed() == ["a"]
    (rate,) = page(rig, "rdef").limiters
    assert rate.running == 0
    assert 4000 < rate.arrival_ms <= 5000
    assert rate.jobs == 2
    assert rate.look_ms is not None
    assert 4000 < rate.look_ms <= 5000


def test_pages_have_every_key_once(rig: Rig) -> None:
    keys = [f"k{n:02d}" for n in range(15)]
    for key in keys[:10]:
        rig.enqueue(f"{key}a", opts=f"q=|cdef!{key}=1")
    rig.claim(limit=10)
    for key in keys[5:]:
        rig.enqueue(f"{key}b", f"{key}c", opts=f"q=|cdef!{key}=1")
    rig.claim("T2", limit=100)
    found: list[Limiter] = []
    cursor = ""
    while True:
        one = page(rig, "cdef", cursor, 4)
        found += one.limiters
        cursor = one.cursor
        if not cursor:
            break
    assert [one.id for one in found[1:]] == sorted(f"cdef!{key}" for key in keys)
    assert [one.running for one in found[1:]] == [1] * 15


def test_it_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|cdef=1")
    rig.claim()
    with rig.unchanged():
        page(rig, "cdef")

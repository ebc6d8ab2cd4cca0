"""count: how many jobs are where, at one instant."""

from __future__ import annotations

import pytest

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def count(rig: Rig) -> dict[str, int]:
    return rig.run(operations.count(rig.keys))


def test_count_of_an_empty_queue(rig: Rig) -> None:
    places = (
        "waiting",
        "scheduled",
        "stranded",
        "running",
        "dead",
        "jobs",
        "results",
        "workers",
        "parked",
        "heirs",
    )
    counted = count(rig)
    assert counted.pop("now_ms") == pytest.approx(rig.now_ms(), abs=5000)
    assert counted == {**dict.fromkeys(places, 0), "oldest_ms": -1, "next_due_ms": -1}


def test_count_of_a_job_in_each_place(rig: Rig) -> None:
    rig.running("run1", "run2", "back", "side", "dead", "ends")
    rig.release("back")
    rig.strand("side")
    rig.bury("dead")
    rig.ack("ends")
    rig.enqueue("new1", "new2")
    rig.enqueue("later", due="+60000")
    rig.run(operations.register(rig.keys, worker="w", alive_ms=LEASE_MS, info="", tasks={}))
    rig.worker_is("gone", alive=False)
    counted = count(rig)
    assert 0 <= counted.pop("oldest_ms") < 5000
    assert 50_000 < counted.pop("next_due_ms") <= 60_000
    del counted["now_ms"]
    places = {"waiting": 3, "scheduled": 1, "stranded": 1, "running": 2, "dead": 1}
    rest = {"parked": 0, "heirs": 0, "jobs": 8, "results": 1, "workers": 1}
    seen = {"enqueued": 9, "succeeded": 1, "died": 1, "released": 1, "stranded": 1}
    assert counted == {**places, **rest, **seen}


def test_the_oldest_is_the_first_that_waits_wherever_it_waits(rig: Rig) -> None:
    stream = rig.keys.key("stream")
    rig.admin.xadd(stream, {"i": "read"}, id="1000-0")
    rig.enqueue("read")
    rig.claim("T", limit=1)
    rig.admin.xdel(stream, "1000-0")
    assert count(rig)["oldest_ms"] < 5000
    rig.claim("U")
    assert count(rig)["oldest_ms"] == -1
    rig.release("read", token="U")
    assert 0 <= count(rig)["oldest_ms"] < 5000
    rig.admin.zadd(rig.keys.key("returned"), {"read": rig.now_ms() - 60_000})
    assert 55_000 < count(rig)["oldest_ms"] < 65_000


def test_a_lost_group_counts_nothing_below_zero(rig: Rig) -> None:
    rig.running("a", "b")
    rig.release("a")
    rig.lose_group()
    assert count(rig)["running"] == 0
    for token in "UV":
        rig.claim(token)
    assert count(rig)["running"] == 2


def test_what_is_overdue_is_due_now(rig: Rig) -> None:
    rig.enqueue("a", due="+60000")
    rig.admin.zadd(rig.keys.key("scheduled"), {"a": 5})
    assert count(rig)["next_due_ms"] == 0

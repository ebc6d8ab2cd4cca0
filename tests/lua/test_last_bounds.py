"""No call does more than its bound, whatever it asks for: 200 of most things.

Whoever calls asks for no more; what one call costs is held by the script itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamq import operations as op
from streamq.operations import Call, Declaration, NewJob
from tests.lua.cases_schedules import schedules
from tests.lua.rig import BODY, Rig

MANY = 4000  # for reads that answer about so many as they were asked for
ASKED = 300


@pytest.fixture
def rig(server: Any) -> Rig:
    """One server: these bounds are the script's, not the server's."""
    return Rig(server)


def enqueue(rig: Rig, number: int = 201, **job: Any) -> list[str]:
    ids = [f"j{n:03d}" for n in range(number)]
    for at in range(0, number, 200):
        rig.enqueue(*ids[at : at + 200], **job)
    return ids


def declare(rig: Rig) -> None:
    told = [Declaration(name, "f1", "daily", "x") for name in schedules(201)]
    for at in range(0, 201, 200):
        rig.run(op.declare(rig.keys, declarations=told[at : at + 200]))


def test_a_claim_brings_200(rig: Rig) -> None:
    ids = enqueue(rig)
    assert rig.claimed("T1", ASKED) == ids[:200]
    assert rig.claimed("T2", ASKED) == ids[200:]


def test_so_does_one_from_the_line(rig: Rig) -> None:
    enqueue(rig, opts="q=")
    assert len(rig.claimed("T1", ASKED)) == 200
    assert len(rig.claimed("T2", ASKED)) == 1


def test_200_that_are_due_are_moved(rig: Rig) -> None:
    enqueue(rig, due="@5")
    assert rig.run(op.promote(rig.keys, limit=ASKED)).moved == 200
    assert rig.run(op.promote(rig.keys, limit=ASKED)).moved == 1


def test_1000_of_each_that_has_had_its_time_are_removed(rig: Rig) -> None:
    ids = [f"j{n}" for n in range(1001)]
    rig.admin.hset(rig.keys.key("results"), mapping=dict.fromkeys(ids, "ok 5 1 1 t\n"))
    rig.admin.zadd(rig.keys.key("results_expiry"), dict.fromkeys(ids, 5))
    assert rig.run(op.sweep(rig.keys, limit=2000)).results == 1000
    assert rig.run(op.sweep(rig.keys, limit=2000)).results == 1


def test_20_claims_are_looked_at_and_16_jobs_taken_back(rig: Rig) -> None:
    ids = enqueue(rig, 17)
    assert rig.claimed("T") == ids[:10]
    assert rig.claimed("U") == ids[10:]
    rig.lapse("T", "U")
    assert rig.reclaim(30).jobs == [(id_, "w") for id_ in ids[:16]]
    assert rig.reclaim(30).jobs == [(ids[16], "w")]
    leases = rig.keys.key("leases")
    rig.admin.zadd(leases, {f"T{n}": 1 for n in range(21)})  # they hold nothing any more
    assert rig.reclaim(30).jobs == []
    assert rig.admin.zcard(leases) == 1
    assert rig.reclaim(30).jobs == []


def test_a_watch_says_200_that_are_due_and_takes_the_words_of_200_runs(rig: Rig) -> None:
    declare(rig)
    key = rig.keys.key("schedule_ended")
    rig.admin.rpush(key, *("0000000_at_x ok 1 1 5" for _ in range(201)))
    assert len(rig.run(op.watch(rig.keys, look_ms=2000, limit=ASKED)).due) == 200
    assert rig.admin.llen(key) == 1
    rig.admin.delete(key)


@pytest.mark.parametrize("structure", ["scheduled", "outbox", "parked"])
def test_an_audit_looks_at_200_members(rig: Rig, structure: str) -> None:
    if structure == "outbox":
        send(rig)
    else:
        enqueue(rig, due="@5") if structure == "scheduled" else enqueue(rig, opts="q=")
    seen, rest = pages(lambda cursor: op.audit(rig.keys, structure=structure, **cursor), rig)
    assert (seen.members, rest.members) == (200, 1)


def test_so_does_one_of_schedules(rig: Rig) -> None:
    declare(rig)
    seen, rest = pages(lambda cursor: op.audit(rig.keys, structure="schedule_due", **cursor), rig)
    assert (seen.members, rest.members) == (200, 1)


def pages(call: Callable[[dict[str, Any]], Call[Any]], rig: Rig) -> tuple[Any, Any]:
    """The two that there are."""
    first = rig.run(call({"limit": ASKED}))
    second = rig.run(call({"limit": ASKED, "cursor": first.cursor}))
    assert not second.cursor
    return first, second


def test_a_page_has_200_ids(rig: Rig) -> None:
    ids = enqueue(rig, due="@5")
    first, rest = pages(lambda cursor: op.page(rig.keys, place="scheduled", **cursor), rig)
    assert (first.ids, rest.ids) == (ids[:200], ids[200:])


def test_so_many_limiters_are_on_one(rig: Rig) -> None:
    ids = [f"hrone!{n:03d}" for n in range(201)]
    rig.admin.zadd(rig.keys.key("rates"), dict.fromkeys(ids, 9e15))
    call = op.limiters(rig.keys, cursor="z0", limit=ASKED)
    found = rig.run(call)
    assert (len(found.limiters), found.cursor) == (200, "z200")
    rig.admin.flushall()


def test_200_jobs_have_another_patience(rig: Rig) -> None:
    enqueue(rig, opts="q=,p=0")
    rig.run(op.set_limits(rig.keys, values={"aging": "60000"}))
    rig.admin.delete(rig.keys.key("wake"))
    after = rig.run(op.poke(rig.keys, definition="aging", limit=ASKED))
    assert rig.admin.zcard(rig.keys.key("timers")) == 200
    assert "wake" not in rig.snapshot(), "not before all have it"
    assert rig.run(op.poke(rig.keys, definition="aging", cursor=after, limit=ASKED)) == ""
    assert rig.admin.zcard(rig.keys.key("timers")) == 201
    assert rig.state()["wake"] == ["1"]


def send(rig: Rig) -> None:
    """201 jobs for another queue."""
    for parent, number in (("a", 200), ("b", 1)):
        rig.running(parent, token=parent)
        sent = [NewJob(f"{parent}{n}", "t", BODY) for n in range(number)]
        follow = [part for job in sent for part in op.follow_up("other", job)]
        ack = op.Ack(parent, parent, "t", "none", 3, 0, b"", follow)
        words = rig.run(op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ack]))
        assert words == ["OK"]


def test_200_entries_are_forwarded(rig: Rig) -> None:
    send(rig)
    assert len(rig.run(op.forward(rig.keys, limit=ASKED))) == 200


def test_200_minutes_are_on_a_page(rig: Rig) -> None:
    pipe = rig.admin.pipeline()
    for n in range(1, 202):
        pipe.xadd(rig.keys.key("history"), {"m": b"\x91\x01"}, id=f"{n}-0")
    pipe.execute()
    ask = {"since_ms": 0}
    first, rest = pages(lambda cursor: op.stats(rig.keys, **(ask | cursor)), rig)
    assert (len(first.spans), len(rest.spans)) == (200, 1)
    assert rig.run(op.stats(rig.keys)).spans == [], "of who asks for no past"


Reads = Callable[[str, int], Call[Any]]


def reads(rig: Rig, name: str) -> tuple[str, str, Reads]:
    """The hash that is read, what stands in it, and the call."""
    keys = rig.keys
    if name == "seek":
        return "jobs", ".5-0 t -\n", lambda at, n: op.seek(keys, cursor=at, limit=n)
    if name == "timetable":
        text = "1 - 5 5 0 daily - - 0 0 0"
        return "schedule_state", text, lambda at, n: op.timetable(keys, cursor=at, limit=n)
    return "limits", "c 1", lambda at, n: op.get_limits(keys, cursor=at, limit=n)


@pytest.mark.parametrize("name", ["seek", "timetable", "get_limits"])
def test_who_asks_for_more_reads_as_much_as_who_asks_for_200(rig: Rig, name: str) -> None:
    key, text, call = reads(rig, name)
    rig.admin.hset(rig.keys.key(key), mapping={f"shop/{n}": text for n in range(MANY)})
    cursor, number = "", 0
    while cursor or not number:
        asked, bound = (rig.raw(call(cursor, limit)) for limit in (ASKED, 200))
        assert [*asked[:1], *asked[2:]] == [*bound[:1], *bound[2:]], "all but the clock"
        cursor, number = asked[0].decode(), number + 1
    assert number > 10
    rig.admin.flushall()

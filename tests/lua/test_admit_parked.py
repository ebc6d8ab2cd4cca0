"""Unique keys of jobs in the line: replaced where they stand, and next in turn with limits."""

from __future__ import annotations

from typing import Any

import pytest

from streamq import operations as op
from streamq.operations import Budget, NewJob, Throttled
from tests.lua.rig import BODY, HOUR_MS, LEASE_MS, Rig

NEW = b"\x93new"
RATE = "q=|rslow=3600000000=1"
ONE = "q=|cone=1"
ORDERED = "q=b|ob"


def call(id_: str, mode: str = "replace", opts: str = ONE, **more: Any) -> NewJob:
    """A call under the key ab."""
    more.setdefault("unique", f"u=ab:swr:{mode}")
    return NewJob(**{"id": id_, "task": "t", "body": BODY, "opts": opts, **more})


def other(id_: str, opts: str = ONE, **more: Any) -> NewJob:
    return call(id_, opts=opts, unique="", **more)


def places(rig: Rig) -> list[str]:
    """The ids in the line, each class in its order."""
    return [member.rpartition(" ")[2] for member in rig.snapshot().get("parked", {})]


def order_of(rig: Rig, id_: str) -> str:
    [found] = [m for m in rig.snapshot()["parked"] if m.endswith(f" {id_}")]
    return str(found.rpartition("\0")[2].split(" ")[0])


def held(rig: Rig, digest: str = "ab") -> str | None:
    found: Any = rig.admin.hget(rig.keys.key("unique"), digest)
    return None if found is None else found.decode()


@pytest.mark.parametrize("opts", [ONE, RATE, "q=a", ORDERED])
def test_a_parked_job_that_is_replaced_keeps_its_place(rig: Rig, opts: str) -> None:
    rig.admit(other("first", opts))
    rig.claim("T1")
    rig.admit(call("a", opts=opts), other("behind", opts))
    before = order_of(rig, "a") if opts != "q=a" else ""
    assert rig.admit(call("b", opts=opts, body=NEW)) == [("REPLACED", "a")]
    assert not before or order_of(rig, "a") == before
    rig.ack("first", token="T1")
    rig.admin.delete(rig.keys.key("rates"))
    rig.admin.zadd(rig.keys.key("gates"), {"rslow": 0}, xx=True)
    (job,) = rig.claim("T2", 1).jobs
    assert (job.id, job.record.body) == ("a", NEW)


def test_one_that_is_replaced_under_other_limits_waits_for_those(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(call("a"))
    assert rig.admit(call("b", opts="q=|ctwo=1")) == [("REPLACED", "a")]
    assert rig.claimed("T2") == ["a"]
    assert set(rig.snapshot()["slots"]) == {"cone\0first", "ctwo\0a"}


def test_one_that_is_replaced_with_no_limit_leaves_the_line(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(call("a"))
    rig.admit(call("b", opts="-", body=NEW))
    state = rig.state()
    assert "parked" not in state
    assert rig.claimed("T2") == ["a"]


def test_a_plain_job_that_is_replaced_by_a_limited_call_is_parked(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(call("a", opts="-"))
    rig.admit(call("b"))
    assert places(rig) == ["a"]
    assert rig.claimed("T2") == []
    rig.ack("first", token="T1")
    assert rig.claimed("T3") == ["a"]


def test_one_that_is_replaced_with_another_priority_goes_where_that_belongs(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(other("x"), call("a"))
    rig.admit(call("b", opts=f"{ONE},p=9"))
    assert order_of(rig, "a")[0] == "0"
    rig.ack("first", token="T1")
    assert rig.claimed("T2") == ["a"]


def test_one_that_is_replaced_expires_when_the_last_call_says(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(call("a", expires="+60000"))
    rig.admit(call("b", expires="-"))
    assert "timers" not in rig.snapshot()
    rig.admit(call("c", expires="@5"))
    assert rig.claim("T2").expired == 1
    assert held(rig) is None


def test_one_that_is_replaced_for_later_is_parked_again_when_it_is_due(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(call("a"))
    rig.admit(call("b", due="+60000", body=NEW))
    assert (places(rig), held(rig)) == ([], "a")
    rig.admin.zadd(rig.keys.key("scheduled"), {"a": 1})
    rig.run(op.promote(rig.keys))
    assert places(rig) == ["a"]
    assert rig.claimed("T2") == []
    rig.ack("first", token="T1")
    assert rig.claimed("T3") == ["a"]


def test_a_retrying_job_that_is_replaced_lets_its_ordered_lane_go(rig: Rig) -> None:
    rig.admit(call("a", opts=ORDERED))
    rig.claim("T1")
    rig.retry("a", token="T1")
    rig.admit(other("x", ORDERED))
    assert rig.claimed("T2") == []
    assert rig.admit(call("b", opts=ORDERED, due="+60000")) == [("REPLACED", "a")]
    assert rig.claimed("T3") == ["x"]
    assert set(rig.snapshot()["slots"]) == {"ob\0x"}


@pytest.mark.parametrize("end", ["ack", "bury", "poison", "reclaim"])
def test_the_next_in_turn_takes_the_slot_of_the_one_before(rig: Rig, end: str) -> None:
    rig.admit(call("a", "queue_one", f"{ONE},c=1"))
    rig.claim("T1")
    assert rig.admit(call("b", "queue_one", body=NEW)) == [("OK", "b")]
    assert places(rig) == []
    if end == "poison":
        assert rig.release("a", token="T1", crashed=True) == ["POISON"]
    elif end == "reclaim":
        rig.lapse("T1")
        call_ = op.reclaim(rig.keys, lease_ms=LEASE_MS, gap_ms=HOUR_MS)
        assert rig.run(call_).poisoned == 1
    else:
        assert getattr(rig, end)("a", token="T1")
    assert (places(rig), held(rig)) == (["b"], "b")
    (job,) = rig.claim("T2").jobs
    assert (job.id, job.record.body) == ("b", NEW)
    assert set(rig.snapshot()["slots"]) == {"cone\0b"}


def test_the_next_in_turn_stands_behind_those_that_were_in_the_line(rig: Rig) -> None:
    rig.admit(call("a", "queue_one"))
    rig.claim("T1")
    rig.admit(call("b", "queue_one"), other("x"))
    rig.ack("a", token="T1")
    assert [rig.claimed("T2"), rig.claimed("T3")] == [["x"], []]
    rig.ack("x", token="T2")
    assert rig.claimed("T4") == ["b"]


def test_the_next_in_turn_of_a_rate_waits_for_it(rig: Rig) -> None:
    rig.admit(call("a", "queue_one", RATE))
    rig.claim("T1")
    rig.admit(call("b", "queue_one", RATE))
    rig.ack("a", token="T1")
    assert (places(rig), held(rig), rig.claimed("T2")) == (["b"], "b", [])
    rig.admin.delete(rig.keys.key("rates"))
    rig.admin.zadd(rig.keys.key("gates"), {"rslow": 0}, xx=True)
    assert rig.claimed("T3") == ["b"]


@pytest.mark.parametrize("opts", [ONE, ORDERED])
def test_who_retries_keeps_the_next_in_turn_waiting(rig: Rig, opts: str) -> None:
    rig.admit(call("a", "queue_one", opts))
    rig.claim("T1")
    rig.admit(call("b", "queue_one", opts))
    rig.retry("a", token="T1", delay_ms=0)
    rig.run(op.promote(rig.keys))
    assert rig.claimed("T2") == ["a"]
    rig.ack("a", token="T2")
    assert rig.claimed("T3") == ["b"]


def test_the_next_in_turn_may_itself_be_replaced_and_cancelled(rig: Rig) -> None:
    rig.admit(call("a", "queue_one"))
    rig.claim("T1")
    rig.admit(call("b", "queue_one"))
    assert rig.admit(call("c", "replace", "q=a")) == [("REPLACED", "b")]
    assert rig.cancel("b") == ["OK"]
    rig.ack("a", token="T1")
    assert (held(rig), rig.claimed("T2")) == (None, [])


@pytest.mark.parametrize("letters", ["swr", "sr", "r", "s"])
def test_a_job_that_is_told_to_come_later_moves_its_key_with_it(rig: Rig, letters: str) -> None:
    """In its place in the line it waits, without a limiter it is scheduled."""
    for opts, letter in ((RATE, "w"), ("-", "s"), (ORDERED, "s")):
        unique = f"u=ab:{letters}:queue_one"
        rig.admit(call("a", opts=opts, unique=unique))
        rig.claim("T1")
        rig.admit(call("b", opts="-", unique=unique))
        seq = rig.next_seq()
        told = [Throttled("a", "T1", 60_000)]
        assert rig.run(op.throttle(rig.keys, worker="w", seq=seq, jobs=told)) == ["OK"]
        assert (held(rig) == "a") == (letter in letters)
        assert rig.violations() == []
        rig.admin.flushall()


def test_one_told_to_come_later_keeps_its_ordered_lane(rig: Rig) -> None:
    rig.admit(other("a", ORDERED), other("x", ORDERED))
    rig.claim("T1")
    told = [Throttled("a", "T1", 60_000)]
    rig.run(op.throttle(rig.keys, worker="w", seq=rig.next_seq(), jobs=told))
    assert rig.claimed("T2") == []


def test_a_parked_job_that_expires_frees_its_bytes(rig: Rig) -> None:
    rig.admit(other("first"))
    rig.claim("T1")
    rig.admit(other("a", expires="@5"), budget=Budget(max_bytes=100))
    assert rig.state()["counts"]["bytes"] == len(BODY)
    assert rig.claim("T2").expired == 1
    assert rig.state()["counts"]["bytes"] == 0


def test_a_stranded_job_with_a_limit_that_is_too_old_is_not_started(rig: Rig) -> None:
    rig.admit(other("a", expires="+3600000"))
    rig.claim("T1")
    rig.strand("a", token="T1")
    record: Any = rig.admin.hget(rig.keys.key("jobs"), "a")
    head, _, body = record.partition(b"\n")
    rig.admin.hset(rig.keys.key("jobs"), "a", head.rpartition(b",x=")[0] + b",x=5\n" + body)
    claimed = rig.claim("T2", tasks=["t"])
    assert (claimed.jobs, claimed.expired) == ([], 1)


def test_there_is_one_marker_however_many_are_woken(rig: Rig) -> None:
    rig.admit(call("a", "queue_one", "-"))
    rig.claim("T1")
    rig.admit(call("b", "queue_one", "-"))
    rig.admin.delete(rig.keys.key("wake"))
    follow = op.follow_up("", NewJob("f", "t", BODY))
    ack = op.Ack("a", "T1", "t", "none", 1, 0, b"", follow)
    assert rig.run(op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ack])) == ["OK"]
    assert rig.snapshot()["wake"] == ["1"]


def test_who_is_behind_in_an_ordered_lane_is_first_when_the_first_is_replaced_by_one_elsewhere(
    rig: Rig,
) -> None:
    rig.admit(other("held", RATE))
    assert rig.claimed("T1") == ["held"]
    rig.admit(call("first", opts=f"{ORDERED}|rslow=3600000000=1"), other("behind", ORDERED))
    assert rig.claimed("T2") == []
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.admit(call("again", opts=RATE)) == [("REPLACED", "first")]
    assert rig.admin.llen(rig.keys.key("wake")) == 1
    assert rig.claimed("T3") == ["behind"]


def test_one_that_was_set_aside_and_is_replaced_for_later_has_left_the_line(rig: Rig) -> None:
    rig.admit(call("a"))
    rig.claim("T1")
    rig.strand("a", token="T1")
    assert rig.admit(call("b", due="+60000")) == [("REPLACED", "a")]
    assert "pumped" not in rig.snapshot()


def test_one_of_an_ordered_lane_that_is_due_again_keeps_its_bytes(rig: Rig) -> None:
    rig.admit(call("a", opts=ORDERED), budget=Budget(max_bytes=100))
    rig.claim("T1")
    rig.retry("a", token="T1")
    rig.admin.zadd(rig.keys.key("scheduled"), {"a": 1})
    rig.run(op.promote(rig.keys))
    assert rig.state()["counts"]["bytes"] == len(BODY)

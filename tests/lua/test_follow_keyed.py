"""Follow-ups with a unique key: made in the step that settles their job, or not."""

from __future__ import annotations

from typing import Any

import pytest

from streamq import operations as op
from streamq.operations import Budget, NewJob
from streamq.operations.call import Value
from tests.lua.rig import BODY, Rig

NEW = b"\x93new"


def call(id_: str, mode: str = "return", **more: Any) -> NewJob:
    return NewJob(**{"id": id_, "task": "t", "body": BODY, "unique": f"u=ab:swr:{mode}", **more})


def follow(id_: str, mode: str = "return", queue: str = "", **more: Any) -> tuple[Value, ...]:
    return op.follow_up(queue, call(id_, mode, **more))


def end(rig: Rig, verb: str, *follows: Value, id_: str = "a") -> None:
    """The job ends, under T, and these follow from it."""
    settle: Any
    if verb == "ack":
        settle = op.Ack(id_, "T", "t", "none", 1, 0, b"", follows)
    else:
        settle = op.Burial(id_, "T", "t", "failed", 1, b"oops", follows)
    reply = rig.run(getattr(op, verb)(rig.keys, worker="w", seq=rig.next_seq(), jobs=[settle]))
    assert reply in (["OK"], (0, ["OK"]))


def holder(rig: Rig) -> str | None:
    found: Any = rig.admin.hget(rig.keys.key("unique"), "ab")
    return None if found is None else found.decode()


def ids(rig: Rig) -> set[str]:
    return set(rig.snapshot().get("jobs", {}))


each_end = pytest.mark.parametrize("verb", ["ack", "bury"])


@each_end
def test_a_follow_up_takes_its_key(rig: Rig, verb: str) -> None:
    rig.running("a")
    end(rig, verb, *follow("b"))
    assert holder(rig) == "b"
    assert rig.admit(call("c")) == [("EXISTS", "b")]


@each_end
def test_a_job_may_be_followed_by_its_like(rig: Rig, verb: str) -> None:
    rig.admit(call("a"))
    rig.claim("T")
    end(rig, verb, *follow("b"))
    assert holder(rig) == "b"
    assert rig.claimed("T2") == ["b"]


@each_end
def test_one_whose_key_is_held_makes_no_job(rig: Rig, verb: str) -> None:
    rig.running("a")
    rig.admit(call("x"))
    end(rig, verb, *follow("b"), *follow("c"))
    assert ids(rig) - {"a"} == {"x"}
    assert rig.state()["counts"]["enqueued"] == 2


def test_two_of_one_step_with_one_key_are_one(rig: Rig) -> None:
    rig.running("a")
    end(rig, "ack", *follow("b"), *follow("c"))
    assert ids(rig) == {"b"}


@pytest.mark.parametrize("opts", ["-", "q=|cone=1", "q=a", "q=|rslow=3600000000=1"])
def test_one_that_replaces_changes_the_job_that_waits(rig: Rig, opts: str) -> None:
    rig.admit(call("first", unique="", opts=opts))
    rig.claim("T")
    rig.admit(call("x", opts=opts))
    end(rig, "ack", *follow("b", "replace", opts=opts, body=NEW), id_="first")
    assert ids(rig) == {"x"}
    assert rig.snapshot()["jobs"]["x"].endswith("\n\x93new")
    assert rig.state()["counts"]["replaced"] == 1


def test_one_that_waits_for_a_running_job_is_the_next(rig: Rig) -> None:
    rig.running("a")
    rig.admit(call("x"))
    assert rig.claimed("T2") == ["x"]
    end(rig, "ack", *follow("b", "queue_one"))
    assert rig.snapshot()["heirs"] == {"ab": "b"}
    assert rig.claimed("T3") == []
    rig.ack("x", token="T2")
    assert rig.claimed("T4") == ["b"]


def test_a_debounced_one_is_due_after_its_quiet(rig: Rig) -> None:
    rig.running("a")
    waits = "u=ab:sw:replace,d=60000:90000"
    end(rig, "ack", *op.follow_up("", NewJob("b", "t", BODY, "+60000", unique=waits)))
    assert rig.state()["scheduled"] == {"b": "+60s"}
    assert rig.admit(call("c", unique=waits, due="+60000")) == [("REPLACED", "b")]


def test_a_repeat_of_the_step_makes_nothing_twice(rig: Rig) -> None:
    rig.running("a")
    ack = op.Ack("a", "T", "t", "none", 1, 0, b"", follow("b", "replace"))
    again = op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ack])
    assert rig.run(again) == ["OK"]
    with rig.unchanged():
        assert rig.run(again) == ["ALREADY"]


def test_a_follow_up_counts_in_a_budget_but_is_never_refused(rig: Rig) -> None:
    budget = Budget(max_jobs=1, max_bytes=5)
    rig.admit(call("a", unique=""), budget=budget)
    rig.claim("T")
    end(rig, "ack", *op.follow_up("", call("b"), budget), *op.follow_up("", call("c"), budget))
    assert rig.state()["counts"]["bytes"] == len(BODY)
    rig.claim("T2")
    rig.ack("b", token="T2")
    assert rig.state()["counts"]["bytes"] == 0


def test_one_for_another_queue_meets_the_key_there(rig: Rig) -> None:
    rig.running("a")
    end(rig, "ack", *follow("b", queue="mail"), *follow("c", "replace", "mail", body=NEW))
    sent = rig.run(op.forward(rig.keys))
    assert rig.run(op.relay(rig.keys, source="here", jobs=sent)) == ["OK", "OK"]
    rig.run(op.forward(rig.keys, arrived=[one.entry for one in sent]))
    assert ids(rig) == {"b"}
    assert holder(rig) == "b"
    assert rig.snapshot()["jobs"]["b"].endswith("\n\x93new")


def test_what_cannot_be_read_is_refused_before_anything_is_written(rig: Rig) -> None:
    rig.running("a")
    broken = op.follow_up("", call("b", unique="u=nothing"))
    ack = op.Ack("a", "T", "t", "none", 1, 0, b"", broken)
    with rig.unchanged(), pytest.raises(Exception, match="unique key"):
        rig.run(op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ack]))

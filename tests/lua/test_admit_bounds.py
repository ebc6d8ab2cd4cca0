"""admit: budgets and counters at their very bounds, and who is woken."""

from __future__ import annotations

import re

import pytest
import redis

from streamq import operations as op
from streamq.operations import Budget, NewJob
from tests.lua.rig import BODY, Rig
from tests.lua.test_admit import one


def test_a_queue_may_be_full_to_the_last_byte_and_a_byte_comes_back(rig: Rig) -> None:
    budget = Budget(max_bytes=5)
    rig.admit(NewJob("a", "t", BODY), budget=budget)
    assert rig.admit(NewJob("b", "t", b"x"), budget=budget) == [("OK", "b")]
    assert rig.claimed() == ["a", "b"]
    rig.ack("b")
    assert rig.state()["counts"]["bytes"] == 4


def test_a_gap_in_a_producers_counter_is_said(rig: Rig) -> None:
    rig.admit(one("a"))
    call = op.admit(rig.keys, producer="p", counter=3, jobs=[one("b")])
    with rig.unchanged():
        assert rig.raw(call) == [b"GAP"]


def test_a_wait_of_a_call_that_is_due_is_of_that_call(rig: Rig) -> None:
    opts = "u=ab:sw:replace,d=5:9"
    call = op.admit(
        rig.keys, producer="p", counter=1, jobs=[one("a", due="+5"), one("b", due="+7")]
    )
    for item, due in ((0, "0"), (1, "0")):
        first = len(call.args) - 14 + 7 * item
        args = list(call.args)
        args[first + 5] = opts
        assert args[first + 1] in {"+5", "+7"}, args
        args[first + 1] = due
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="a wait as"):
            rig.raw(call, args)


def test_who_adds_nothing_is_answered_in_a_queue_beyond_its_budget(rig: Rig) -> None:
    rig.admit(one("a"), NewJob("x", "t", BODY))
    assert rig.admit(one("b"), budget=Budget(max_jobs=1)) == [("EXISTS", "a")]


def test_a_new_job_behind_one_that_is_there_wakes_a_worker(rig: Rig) -> None:
    rig.admit(one("a"))
    rig.claim()
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.admit(one("b"), NewJob("c", "t", BODY)) == [("EXISTS", "a"), ("OK", "c")]
    assert rig.admin.llen(rig.keys.key("wake")) == 1


def test_a_job_that_another_call_brings_forward_wakes_a_worker(rig: Rig) -> None:
    rig.admit(one("a", "replace", due="+60000"))
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.admit(one("b", "replace")) == [("REPLACED", "a")]
    assert rig.admin.llen(rig.keys.key("wake")) == 1


@pytest.mark.parametrize("wrong", ["x", "0", ""])
def test_a_counter_and_a_time_to_live_are_numbers(rig: Rig, wrong: str) -> None:
    call = op.admit(rig.keys, producer="p", counter=1, jobs=[one("a")])
    for name in ("counter", "producer_ttl_ms"):
        at = call.script.args.index(name)
        args = [*call.args[:at], wrong, *call.args[at + 1 :]]
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
            rig.raw(call, args)


def test_the_longest_wait_of_an_heir_counts_from_its_first_call(rig: Rig) -> None:
    rig.admit(one("a"))
    rig.claim()
    calls = [one(id_, unique="u=ab:swr:queue_one,d=2000:9000", due="+2000") for id_ in ("b", "c")]
    assert rig.admit(calls[0]) == [("OK", "b")]
    record = rig.snapshot()["jobs"]["b"]
    first = record.partition(",f=")[2].partition("\n")[0]
    earlier = int(first) - 8500
    rig.admin.hset(rig.keys.key("jobs"), "b", record.replace(f"f={first}", f"f={earlier}").encode())
    assert rig.admit(calls[1]) == [("REPLACED", "b")]
    assert rig.snapshot()["state"]["b"] == f"H 0 0 {earlier + 9000} heir"


def test_a_call_for_later_lets_a_key_go_that_is_not_held_until_then(rig: Rig) -> None:
    rig.admit(NewJob("a", "t", BODY, unique="u=ab:wr:replace"))
    assert rig.admit(NewJob("b", "t", BODY, due="+60000", unique="u=ab:wr:replace")) == [
        ("REPLACED", "a")
    ]
    assert "unique" not in rig.snapshot()


def test_a_job_that_says_no_size_has_none(rig: Rig) -> None:
    nothing = Budget(max_bytes=0)
    call = op.admit(rig.keys, producer="p", counter=1, jobs=[one("a")], budget=nothing)
    unsized = [re.sub(r",?z=\d+", "", arg) if isinstance(arg, str) else arg for arg in call.args]
    assert unsized != list(call.args)
    assert [answer.word for answer in call.read(rig.raw(call, unsized))] == ["OK"]

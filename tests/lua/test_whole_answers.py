"""Whole answers and whole keys where other tests look at a part of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis

from streamq import operations as op
from streamq.operations import Budget, Call, Claimed, NewJob
from tests.lua.cases_schedules import NAME
from tests.lua.rig import BODY, LEASE_MS
from tests.lua.still import StillRig
from tests.lua.test_line_at_the_moment import EARLY, SECOND, SPACING, set_limits, standing
from tests.lua.test_stats import tally


def nothing(rig: StillRig) -> Claimed:
    return Claimed(
        jobs=[], next_due_ms=-1, stranded=False, more=False, now_ms=rig.ms, expired=0, gate_ms=-1
    )


def test_a_claim_of_an_empty_queue_and_of_a_paused_one(still: StillRig) -> None:
    assert still.claim("T1") == nothing(still)
    still.enqueue("a", opts="q=lane")
    still.run(op.pause(still.keys))
    assert still.claim("T2") == nothing(still)


def test_each_job_of_a_claim_has_its_own_checkpoint(still: StillRig) -> None:
    ids = [f"j{n}" for n in range(6)]
    still.running(*ids)
    jobs = [(id_, "T", id_.encode()) for id_ in ids[1::2]]
    assert still.run(op.checkpoint(still.keys, lease_ms=60_000, jobs=jobs)) == ["OK"] * 3
    still.release(*ids)
    found = {job.id: job.checkpoint for job in still.claim("U").jobs}
    assert found == {id_: id_.encode() if int(id_[1]) % 2 else None for id_ in ids}


def test_the_line_with_one_job(still: StillRig) -> None:
    still.enqueue("a", opts="q=lane")
    found = still.snapshot()
    place, turn = f"5{still.us} a", "5" + "0" * 14
    assert found["parked"] == {f"t|lane\0{place}": 0}
    assert found["line"] == {f"*\0lane\0{place}\0t|lane": 0}
    assert found["turns"] == {f"*\0{turn}\0lane": 0}
    assert found["gates"] == {"*": 0}


def unique(id_: str, mode: str, body: bytes = BODY) -> NewJob:
    return NewJob(id_, "t", body, unique=f"u=ab:swr:{mode}")


def test_an_heir_of_a_call_for_now(still: StillRig) -> None:
    still.admit(unique("a", "replace"))
    still.claim()
    for id_, answer in (("b", ("OK", "b")), ("c", ("REPLACED", "b"))):
        assert still.admit(unique(id_, "queue_one")) == [answer]
        found = still.snapshot()
        assert found["state"]["b"] == "H 0 0 0 heir"
        assert found["jobs"]["b"].startswith("x@0 t u=")


@pytest.mark.parametrize("size", [1, 4, 5, 6, 9])
def test_the_bytes_of_a_call_that_replaces_another(still: StillRig, size: int) -> None:
    budget = Budget(max_bytes=100)
    still.admit(unique("a", "replace", b"12345"), budget=budget)
    still.admit(unique("b", "replace", b"x" * size), budget=budget)
    assert still.state()["counts"]["bytes"] == size


@pytest.mark.no_audit("a record is damaged")
def test_a_job_of_which_nobody_knows_the_task_is_counted_with_the_others(still: StillRig) -> None:
    still.enqueue("a", "b")
    still.admin.hset(still.keys.key("jobs"), "b", "damaged")
    assert still.claimed() == ["a", "b"]
    found = {task: one.counts["started"] for task, one in tally(still).by_task().items()}
    assert found == {"t": 1, "(other)": 1}


def test_of_what_claims_look_for_by_its_number_there_are_as_many_as_were_set(
    still: StillRig,
) -> None:
    set_limits(still, **{"weight a": "2", "weight b": "3", "one!k": "c 1"})
    set_limits(still, **{"weight a": "4"})
    found = still.snapshot()["limits"]
    assert (found["!weights"], found["!keys"]) == ("2", "1")
    set_limits(still, **{"weight a": "", "one!k": ""})
    assert still.snapshot()["limits"] == {"=weight b": "3", "!weights": "1"}
    set_limits(still, **{"weight b": ""})
    assert "limits" not in still.snapshot()


@pytest.mark.parametrize("text", ["banana", "c", "c -1", "r 0 1"])
def test_a_text_that_is_no_limit_is_refused(still: StillRig, text: str) -> None:
    with still.unchanged(), pytest.raises(redis.ResponseError):
        set_limits(still, good="c 1", bad=text)


@pytest.mark.parametrize("ttl", [-1, "x", 2**54])
def test_a_time_that_is_none_is_refused_before_anything_ends(still: StillRig, ttl: Any) -> None:
    still.running("a", "b")
    jobs = [op.Ack("a", "T", "t", "ok", 3, 1000), op.Ack("b", "T", "t", "ok", 3, ttl)]
    with still.unchanged(), pytest.raises(redis.ResponseError, match="at least 0"):
        still.run(op.ack(still.keys, worker="w", seq=1, jobs=jobs))


@pytest.mark.parametrize("verb", [op.enqueue, op.admit])
def test_a_repeated_call_is_remembered_for_its_time_from_then_on(
    still: StillRig, verb: Callable[..., Call[list[op.Enqueued]]]
) -> None:
    """It is a write, too, or to wait for the replicas behind it would be to wait for nothing."""
    call = verb(still.keys, producer="p", counter=1, jobs=[NewJob("a", "t", BODY)])
    assert [answer.word for answer in still.run(call)] == ["OK"]
    key = still.keys.producer("p")
    full = still.admin.pttl(key)
    still.admin.pexpire(key, 1000)
    assert [answer.word for answer in still.run(call)] == ["ALREADY"]
    assert still.admin.pttl(key) > full - 60_000


@pytest.mark.parametrize("tell", [True, False])
def test_who_asks_again_for_the_end_of_a_job_changes_nothing(still: StillRig, tell: bool) -> None:
    still.running("a")
    assert still.cancel("a", tell=tell) == ["ASKED"]
    again = op.cancel(still.keys, ids=["a"], result_ttl_ms=5, tell=tell)
    with still.unchanged():
        assert still.run(again) == ["ASKED"]


def test_only_a_record_that_claims_have_to_read_says_so(still: StillRig) -> None:
    for id_, opts in (("a", "c=1"), ("b", "z=5"), ("c", "-")):
        still.enqueue(id_, opts=opts)
    assert [record[0] for record in still.snapshot()["jobs"].values()] == [".", "x", "."]
    assert sorted(still.claimed()) == ["a", "b", "c"]


def test_a_schedule_that_is_made_at_run_time_makes_its_queue(still: StillRig) -> None:
    call = op.define(still.keys, schedule=NAME, version=0, timing="daily", definition="x")
    assert still.run(call) == "OK"
    assert still.snapshot()["schema"] == "1"


@pytest.mark.parametrize("ms", [5000, 0, -5000])
def test_a_run_that_failed_is_kept_with_its_times(still: StillRig, ms: int) -> None:
    """Where the clock has stepped back it is a run that ended at once."""
    still.running("a")
    began = still.ms
    still.later(ms)
    still.retry("a")
    [found] = still.run(op.look(still.keys, ids=["a"]))
    [run] = found.runs
    assert (run.since_ms, run.ended_ms) == (min(began, still.ms), still.ms)
    assert tally(still).by_task()["t"].ran.sum_ms == max(0, ms)


def test_a_reclaim_in_its_grace(still: StillRig) -> None:
    still.running("a")
    still.reclaim()
    still.later(60_000)
    assert still.reclaim() == op.Reclaimed(
        returned=0, poisoned=0, next_ms=0, grace_ms=LEASE_MS, cancelled=0, jobs=[]
    )


def test_who_stands_behind_in_an_ordered_lane_is_not_looked_for_before_that_has_ended(
    still: StillRig,
) -> None:
    still.enqueue("a", "b", opts="q=lane|olane")
    found = still.claim("T1")
    assert ([job.id for job in found.jobs], found.gate_ms) == (["a"], -1)
    assert standing(still, "b") == ("olane", None)
    assert still.claim("T2") == nothing(still)


def test_an_ordered_lane_that_has_its_slot_waits_for_its_rate_at_home(still: StillRig) -> None:
    limits = f"cone=1|rone={SECOND}=1"
    still.enqueue("other", opts=f"q=|{limits}")
    still.enqueue("a", opts=f"q=lane|olane|{limits}")
    assert still.claimed("T1") == ["other"]
    assert standing(still, "a") == ("cone", None)
    still.ack("other", token="T1")
    assert still.claimed("T2") == []
    assert standing(still, "a") == ("olane", SPACING - EARLY)

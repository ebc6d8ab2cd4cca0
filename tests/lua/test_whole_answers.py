"""Whole answers and whole keys where other tests look at a part of them."""

from __future__ import annotations

import pytest

from streamq import operations as op
from streamq.operations import Budget, Claimed, NewJob
from tests.lua.rig import BODY
from tests.lua.still import StillRig
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

"""throttle: told to come later, a job waits in its place and its limiter with it; no attempt."""

from __future__ import annotations

import time

import pytest
import redis

from streamq import operations as op
from tests.lua.rig import Rig


def throttle(rig: Rig, *ids: str, token: str, ms: int = 60_000, limit: str = "") -> list[str]:
    jobs = [op.Throttled(i, token, ms, limit) for i in ids]
    return rig.run(op.throttle(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs))


def test_only_its_key_is_held_and_no_attempt_is_counted(rig: Rig) -> None:
    for key in "ab":
        rig.enqueue(f"{key}1", f"{key}2", opts=f"q=|rone!{key}=10=9")
    assert rig.claimed("T1", 1) == ["a1"]
    assert throttle(rig, "a1", token="T1", ms=200) == ["OK"]
    assert rig.claimed("T2") == ["b1", "b2"]
    time.sleep(0.25)
    claimed = rig.claim("T3").jobs
    assert [(job.id, job.attempt) for job in claimed] == [("a1", 1), ("a2", 1)]


def test_a_named_limit_is_held(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|cone=5|rtwo!k=10=9")
    rig.enqueue("b", opts="q=|rtwo!k=10=9")
    assert rig.claimed("T1", 1) == ["a"]
    assert throttle(rig, "a", token="T1", limit="one") == ["OK"]
    assert rig.claimed("T2") == ["b"]
    assert [s.gate for s in rig.run(op.standing(rig.keys, ids=["a"]))] == ["cone"]


def test_a_plain_job_is_scheduled_for_then(rig: Rig) -> None:
    rig.running("a")
    rig.run(op.progress(rig.keys, jobs=[("a", "T", b"half")]))
    rig.admin.delete(rig.keys.key("wake"))
    assert throttle(rig, "a", token="T") == ["OK"]
    assert "progress" not in rig.state()
    assert rig.state()["wake"] == ["1"]
    assert rig.state()["scheduled"] == {"a": "+60s"}
    assert rig.state()["state"] == {"a": "S 0 0 +60s throttled"}


def test_a_repeat_is_already_done_and_a_lost_lease_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rone=10=9")
    assert rig.claimed("T1") == ["a"]
    call = op.throttle(rig.keys, worker="w", seq=7, jobs=[op.Throttled("a", "T1", 60_000)])
    assert rig.run(call) == ["OK"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY"]
    with rig.unchanged("replies"):
        assert throttle(rig, "a", token="T1") == ["LEASELOST"]


def test_unnamed_it_is_the_rates_not_what_runs_at_once(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|cone=5|rtwo=10=9")
    assert rig.claimed("T1") == ["a"]
    assert throttle(rig, "a", token="T1") == ["OK"]
    assert set(rig.state()["rates"]) & {"hcone", "hrtwo"} == {"hrtwo"}


def test_later_may_be_at_once_and_not_before(rig: Rig) -> None:
    rig.running("a")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="a number of at least 0"):
        throttle(rig, "a", token="T", ms=-1)
    assert throttle(rig, "a", token="T", ms=0) == ["OK"]
    assert rig.state()["scheduled"] == {"a": "now"}

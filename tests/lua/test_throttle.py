# ruff: noqa: S107 -- a claim's token is no password

from __future__ import annotations

from streamq import operations as op
from streamq.operations import Throttled
from tests.lua.rig import Rig

MINUTE = 60_000


def throttle(
    rig: Rig, *ids: str, token: str = "T", after_ms: int = MINUTE, limiter: str = ""
) -> list[str]:
    jobs = [Throttled(i, token, after_ms, limiter) for i in ids]
    return rig.run(op.throttle(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs))


def test_the_key_gives_nothing_and_others_go_on(rig: Rig) -> None:
    rig.enqueue("a1", "a2", opts="q=|rdef!a=1=1")
    rig.enqueue("b1", opts="q=|rdef!b=1=1")
    assert rig.claimed("T", 1) == ["a1"]
    assert throttle(rig, "a1") == ["OK"]
    assert rig.claimed("T2") == ["b1"]
    (look,) = rig.run(op.look(rig.keys, ids=["a1"]))
    assert look.state is not None
    assert (look.state.place, look.state.attempt, look.state.crashes) == ("P", 0, 0)


def test_it_runs_again_first_and_its_attempt_is_not_counted(rig: Rig) -> None:
    rig.enqueue("a1", "a2", opts="q=|rdef!a=1=1")
    assert rig.claimed("T", 1) == ["a1"]
    throttle(rig, "a1", after_ms=0)
    (first,) = rig.claim("T2", 1).jobs
    assert (first.id, first.attempt) == ("a1", 1)


def test_a_limit_may_be_named(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rkeyed!a=1=1|rwhole=1=1")
    rig.enqueue("other", opts="q=|rwhole=1=1")
    assert rig.claimed("T", 1) == ["a"]
    throttle(rig, "a", limiter="whole")
    assert rig.claimed("T2") == []


def test_unnamed_it_is_the_one_with_a_key(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rkeyed!a=1=1|rwhole=1=1")
    rig.enqueue("other", opts="q=|rwhole=1=1")
    assert rig.claimed("T", 1) == ["a"]
    throttle(rig, "a")
    assert rig.claimed("T2") == ["other"]


def test_a_concurrency_is_held_where_there_is_no_rate_and_its_place_is_free(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|cdef=1")
    assert rig.claimed("T") == ["a"]
    throttle(rig, "a")
    assert "slots" not in rig.snapshot()
    rig.enqueue("b", opts="q=|cdef=1")
    assert rig.claimed("T2") == []


def test_without_a_limit_it_is_scheduled_alone(rig: Rig) -> None:
    rig.running("plain")
    rig.enqueue("lane", opts="q=lane")
    assert rig.claimed("T2") == ["lane"]
    throttle(rig, "plain", after_ms=0)
    throttle(rig, "lane", token="T2", after_ms=0)
    assert rig.run(op.promote(rig.keys)).moved == 2
    assert sorted(job.attempt for job in rig.claim("T3").jobs) == [1, 1]


def test_the_longer_of_two_holds_counts(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rdef=1=2")
    assert rig.claimed("T") == ["a", "b"]
    throttle(rig, "a", after_ms=MINUTE)
    throttle(rig, "b", after_ms=0)
    assert rig.claimed("T2") == []


def test_who_lost_the_lease_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rdef=1=1")
    rig.claim("T")
    with rig.unchanged("replies"):
        assert throttle(rig, "a", token="other") == ["LEASELOST"]


def test_a_repeat_is_answered_as_before(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rdef=1=1")
    rig.claim("T")
    call = op.throttle(rig.keys, worker="w", seq=7, jobs=[Throttled("a", "T", MINUTE)])
    assert rig.run(call) == ["OK"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY"]

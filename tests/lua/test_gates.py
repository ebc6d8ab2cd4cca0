"""Where a class waits: who lines up at a limiter, who tries, and who goes home."""

from __future__ import annotations

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, HOUR_MS, Rig


def test_one_of_an_ordered_lane_does_not_line_up_where_others_wait_but_in_its_lane(
    rig: Rig,
) -> None:
    slow = f"rslow={HOUR_MS * 1000}=1"
    rig.enqueue("first", "waits", opts=f"q=z|{slow}")
    assert rig.claimed("T1") == ["first"]
    rig.enqueue("ordered", opts=f"q=a|oa|{slow}")
    rig.enqueue("behind", opts="q=a|oa")
    assert rig.claimed("T2") == []


def test_who_tries_goes_on_trying_when_a_job_comes_before_its_first(rig: Rig) -> None:
    jobs = [NewJob(f"j{n}", "t", BODY, opts=f"q={n}|cone=1") for n in range(9)]
    counter = rig.next_counter("p")
    rig.run(op.enqueue(rig.keys, producer="p", counter=counter, jobs=jobs))
    rig.enqueue("high", opts="q=3|cone=1,p=9")
    told = rig.run(op.standing(rig.keys, ids=["j8", "high"]))
    assert [one.gate for one in told] == ["cone", "*"]
    assert rig.claimed("T") == ["high"]


def test_a_class_that_was_served_where_it_had_to_wait_is_at_home_again(rig: Rig) -> None:
    rig.enqueue("h1", "h2", opts="q=z|cone=2")
    assert rig.claimed("T1") == ["h1", "h2"]
    rig.enqueue("a", "b", opts="q=z|cone=2")
    assert rig.claimed("T2") == []
    assert [one.gate for one in rig.run(op.standing(rig.keys, ids=["a"]))] == ["cone"]
    rig.ack("h1", "h2", token="T1")
    assert rig.claimed("T3", 1) == ["a"]
    assert [one.gate for one in rig.run(op.standing(rig.keys, ids=["b"]))] == ["*"]


def test_a_lane_whose_last_one_at_a_limiter_starts_waits_there_with_those_that_come(
    rig: Rig,
) -> None:
    """Eight classes of a lane try, the ninth lines up and starts first: the eight come there."""
    last = NewJob("last", "t9", BODY, opts="q=a|cone=1,p=9")
    jobs = [NewJob(f"j{n}", f"t{n}", BODY, opts="q=a|cone=1") for n in range(8)]
    counter = rig.next_counter("p")
    rig.run(op.enqueue(rig.keys, producer="p", counter=counter, jobs=[*jobs, last]))
    assert rig.claimed("T1") == ["last"]
    assert {one.gate for one in rig.run(op.standing(rig.keys, ids=["j0", "j7"]))} == {"cone"}
    rig.ack("last", token="T1")
    assert rig.claimed("T2") == ["j0"]

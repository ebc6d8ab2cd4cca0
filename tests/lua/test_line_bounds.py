"""What claims leave behind for the next one: virtual time, slots, orders, holds."""

from __future__ import annotations

import pytest

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, Rig
from tests.lua.still import StillRig
from tests.lua.test_line import enqueue, take
from tests.lua.test_throttle import throttle

one_server = pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)


@one_server
def test_a_lane_that_is_new_has_no_advantage_over_those_that_were_served(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", "q=a") for n in range(60)])
    take(rig, 40, 5)
    enqueue(rig, [(f"b{n}", "q=b") for n in range(30)])
    started = [id_[0] for id_ in take(rig, 20, 5)]
    assert 8 <= started.count("b") <= 12
    rig.admin.flushall()


@one_server
def test_a_slot_is_a_member_without_a_score(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=a|cone=2|oa")
    assert rig.claimed("T") == ["a"]
    slots = rig.admin.zcount(rig.keys.key("slots"), 0, 0)
    assert slots == rig.admin.zcard(rig.keys.key("slots")) == 2


@one_server
def test_a_lane_without_limits_goes_on_beside_a_key_that_has_its_own(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"one!k": "c 1"}))
    rig.enqueue("a", opts="q=lane")
    assert rig.claimed("T") == ["a"]


@one_server
def test_a_job_that_is_brought_forward_into_the_line_has_its_place_by_now(rig: Rig) -> None:
    unique = "u=ab:swr:replace"
    rig.admit(NewJob("a", "t", BODY, unique=unique, due="+60000", opts="q=lane"))
    rig.admit(NewJob("b", "t", BODY, unique=unique, opts="q=lane"))
    [member] = rig.snapshot()["parked"]
    order = member.partition("\0")[2].split()[0]
    assert int(order[1:]) == pytest.approx(rig.now_ms() * 1000, abs=60e6)


@one_server
def test_each_of_two_rates_that_a_job_may_mean_is_held(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rone=1000=1|rtwo=1000=1")
    assert rig.claimed("T") == ["a"]
    throttle(rig, "a", token="T")
    assert {"hrone", "hrtwo"} <= set(rig.snapshot()["rates"])


@one_server
def test_a_rate_that_has_a_key_is_meant_before_one_that_has_none(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|ra!k=1000=1|rtwo=1000=1")
    assert rig.claimed("T") == ["a"]
    throttle(rig, "a", token="T")
    rates = rig.snapshot()["rates"]
    assert "hra!k" in rates
    assert "hrtwo" not in rates


@one_server
def test_the_thousandth_entry_of_a_millisecond_stays_before_the_next_ones(rig: Rig) -> None:
    rig.running("first")
    rig.ack("first", ttl_ms=0)
    ms = rig.now_ms() + 60_000
    rig.admin.execute_command("XSETID", rig.keys.key("stream"), f"{ms}-1500")  # type: ignore[no-untyped-call]
    rig.enqueue("a")
    rig.run(op.pause(rig.keys, what="task", name="t"))
    assert rig.claimed("T") == []
    assert rig.snapshot()["state"]["a"].split()[:4] == ["P", "0", "0", f"&5{ms * 1000 + 999:016}"]


@one_server
def test_classes_that_are_stopped_together_wait_by_the_first_of_them(rig: Rig) -> None:
    rig.enqueue("runs", opts="q=b|cone=1")
    assert rig.claimed("T") == ["runs"]
    for priority in (4, 9, 2, 7):
        rig.enqueue(f"p{priority}", task=f"t{priority}", opts=f"q=a|cone=1,p={priority}")
    assert rig.claimed("T2") == []
    assert rig.violations() == []
    rig.ack("runs", token="T")
    assert rig.claimed("T3") == ["p9"]


def test_no_job_of_a_lane_overtakes_one_of_it_that_was_not_read_at_another_gate(
    still: StillRig,
) -> None:
    """A claim of one reads two classes at each gate: here what is third is the first that may."""
    still.enqueue("holds", "waits", opts="q=|rone=10=9")
    assert still.claimed("T1", 1) == ["holds"]
    told = [op.Throttled("holds", "T1", 1000)]
    still.run(op.throttle(still.keys, worker="w", seq=still.next_seq(), jobs=told))
    assert still.claimed("T2") == []
    for task, limiters in (
        ("a", "|cx=5"),
        ("b", "|rone=10=9|cx=5"),
        ("c", "|rone=10=9|cx=5"),
        ("d", "|rone=10=9"),  # joined the others at the gate of the rate
        ("e", ""),
        ("f", ""),
    ):
        still.enqueue(task, task=task, opts=f"q=lane{limiters}")
    still.cancel("holds", "waits")
    still.run(op.set_limits(still.keys, values={"x": "c 0"}))
    still.later(1000)
    assert still.claimed("T3", 1) == ["d"]
    assert still.claimed("T4", 1) == ["e"]


def test_nor_one_of_its_own_class_that_was_not_read_yet(still: StillRig) -> None:
    """Among so many lanes four jobs of a class are read, and others could fill the claim."""
    still.enqueue(*(f"a{n}" for n in range(7)), task="a", opts="q=lane")
    for task in "bcdefgh":
        still.enqueue(task, task=task, opts="q=lane")
    for n in range(5):
        still.enqueue(f"stopped{n}", opts=f"q=other{n}|cnone=0")
    assert still.claimed("T", 6) == [f"a{n}" for n in range(6)]

"""Whatever comes free is free now: who waits for it is looked at in this very microsecond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY
from tests.lua.still import StillRig
from tests.lua.test_line_at_the_moment import SECOND, set_limits, standing, starts, throttle

WAYS: dict[str, Callable[[StillRig], Any]] = {
    "ack": lambda rig: rig.ack("a"),
    "bury": lambda rig: rig.bury("a"),
    "retry": lambda rig: rig.retry("a"),
    "release": lambda rig: rig.release("a"),
    "strand": lambda rig: rig.strand("a"),
    "poison": lambda rig: rig.release("a", crashed=True),
    "cancelled": lambda rig: (rig.cancel("a"), rig.release("a")),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_slot(still: StillRig, way: str) -> None:
    still.enqueue("a", "b", opts="c=1,q=|cone=1")
    assert still.claimed() == ["a"]
    assert standing(still, "b") == ("cone", None)
    still.later(1)
    still.admin.delete(still.keys.key("wake"))
    WAYS[way](still)
    assert standing(still, "b") == ("cone", 0)
    assert still.state()["wake"] == ["1"]


def test_nobody_is_woken_for_a_slot_that_nobody_waits_for(still: StillRig) -> None:
    still.enqueue("a", opts="q=|cone=1")
    assert still.claimed() == ["a"]
    still.admin.delete(still.keys.key("wake"))
    still.ack("a")
    assert "wake" not in still.snapshot()


def test_nor_for_what_changes_nothing(still: StillRig) -> None:
    still.running("a")
    set_limits(still, one="c 1")
    still.admin.delete(still.keys.key("wake"))
    with still.unchanged():
        assert still.release("a", token="other") == ["LEASELOST"]
        set_limits(still, one="c 1")


def test_a_job_that_has_no_such_limit_is_scheduled_for_then(still: StillRig) -> None:
    still.enqueue("a", opts="q=|cone=1|rtwo=10=9")
    starts(still, "T")
    throttle(still, "a", "T", 1000, "three")
    assert still.due("a") == still.ms + 1000


@pytest.mark.parametrize("way", ["release", "revive", "retry"])
def test_the_place_of_a_job_that_is_back_in_its_ordered_lane(still: StillRig, way: str) -> None:
    still.enqueue("a", opts="q=lane|olane")
    assert still.claimed() == ["a"]
    if way == "release":
        still.release("a")
    elif way == "revive":
        still.bury("a")
        assert still.run(op.revive(still.keys, ids=["a"])) == ["OK"]
    else:
        still.retry("a", delay_ms=0)
        assert still.run(op.promote(still.keys)).moved == 1
    assert standing(still, "a") == ("olane", 0)
    assert starts(still, "T2") == {"a": 0}


def unique(id_: str, opts: str, mode: str = "replace") -> NewJob:
    return NewJob(id_, "t", BODY, opts=opts, unique=f"u=ab:swr:{mode}")


def order_of(rig: StillRig, id_: str) -> str:
    """Its place in the line."""
    found = rig.snapshot()
    place: str = found["state"][id_].split()[3] if id_ in found.get("state", {}) else ""
    return place or found["jobs"][id_].split()[0][1:]


def test_the_ordered_lane_that_a_replaced_job_leaves_and_the_one_that_it_joins(
    still: StillRig,
) -> None:
    still.admit(unique("a", "q=lane|olane"))
    still.enqueue("behind", opts="q=lane|olane")
    still.later(1)
    assert still.admit(unique("b", "q=other|oother")) == [("REPLACED", "a")]
    assert order_of(still, "a") == f"&5{still.us + 1}", (
        "behind the one that the call had for itself"
    )
    assert standing(still, "a") == ("oother", 0)
    assert standing(still, "behind") == ("olane", 0)
    assert starts(still, "T1") == {"a": 0, "behind": 0}


def test_the_place_of_an_heir_is_the_time_at_which_it_came_to_wait(still: StillRig) -> None:
    still.admit(unique("a", "q=lane|olane", "queue_one"))
    assert still.claimed() == ["a"]
    assert still.admit(unique("b", "q=lane|olane", "queue_one")) == [("OK", "b")]
    still.later(1)
    still.ack("a")
    assert order_of(still, "b") == f"&5{still.us}"
    assert standing(still, "b") == ("olane", 0)


# --- what a job gives and takes ---------------------------------------------------------------


def test_numbers_that_a_limiter_was_not_given(still: StillRig) -> None:
    still.enqueue("a", "b", opts="q=|rnone")
    still.enqueue("c", "d", opts=f"q=|rburst={SECOND}")
    still.enqueue("e", "f", opts="q=|cnone")
    assert starts(still, "T1") == {"a": 0, "b": 0, "c": 0, "e": 0}


@pytest.mark.parametrize(("weight", "cost"), [("1", 10_000), ("3", 3333), ("60000", 1)])
def test_a_start_costs_its_lane_a_share_by_its_weight(
    still: StillRig, weight: str, cost: int
) -> None:
    set_limits(still, **{"weight a": weight})
    still.enqueue("a", "b", opts="q=a")
    assert still.claimed("T", 1) == ["a"]
    assert still.snapshot()["lanes"] == {"a": cost}


def test_after_100_that_have_expired_nothing_is_handed_out_before_the_others_have(
    still: StillRig,
) -> None:
    still.enqueue(*(f"j{n}" for n in range(101)), expires="+1000", opts="q=")
    still.later(1000)
    found = still.claim("T1", 200)
    assert (found.expired, found.jobs) == (100, [])
    found = still.claim("T2", 200)
    assert (found.expired, found.jobs) == (1, [])


def test_the_last_entries_of_a_ms_stay_before_the_first_of_the_next(still: StillRig) -> None:
    """Of a sequence as long as that its order is not told, but it is in that ms."""
    stream, ms = still.keys.key("stream"), still.ms + 60_000
    for id_, last in (("z", f"{ms}-5000"), ("a", f"{ms}-18446744073709551615")):
        still.admin.xadd(stream, {"i": "none"}, id=last)
        still.admin.xdel(stream, last)
        still.running(id_, token=id_)
    for id_ in "az":
        still.release(id_, token=id_)
    assert still.claimed() == ["z", "a"]

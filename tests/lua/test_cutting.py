"""Entries that are done with go by cutting the stream off, and nothing else goes with them."""

from __future__ import annotations

import pytest

from streamq import operations
from streamq.keys import GROUP
from tests.lua.rig import Rig

MANY = [f"a{n:02}" for n in range(12)]  # enough that cutting is cheaper than deleting each


def commands(rig: Rig, *names: str) -> list[int]:
    """How often the server did each since the last look."""
    stats = rig.admin.info("commandstats")
    rig.admin.config_resetstat()
    return [stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in names]


def waiting(rig: Rig) -> list[str]:
    return list(rig.state().get("stream", {}).values())


def test_many_acked_entries_are_cut_off_at_once(rig: Rig) -> None:
    rig.running(*MANY)
    rig.enqueue("later")
    commands(rig)
    assert rig.ack(*MANY) == ["OK"] * 12
    assert commands(rig, "xtrim", "xdel") == [1, 0]
    assert waiting(rig) == ["later"]


def test_the_cut_stops_before_what_still_runs(rig: Rig) -> None:
    rig.running(*MANY, "long", *(f"b{n}" for n in range(3)))
    commands(rig)
    assert rig.ack(*MANY, "b0", "b1", "b2") == ["OK"] * 15
    assert commands(rig, "xtrim", "xdel") == [1, 1], "the three behind it one by one"
    assert waiting(rig) == ["long"]
    assert rig.ack("long") == ["OK"]


def test_the_cut_stops_before_what_was_handed_out_last(rig: Rig) -> None:
    rig.running(*MANY, "long")
    commands(rig)
    assert rig.ack(*MANY) == ["OK"] * 12
    assert commands(rig, "xtrim", "xdel") == [1, 0]
    assert waiting(rig) == ["long"]


def test_behind_a_long_job_entries_are_deleted_one_by_one(rig: Rig) -> None:
    rig.running("long", *MANY)
    rig.ack(*MANY)
    assert waiting(rig) == ["long"]


@pytest.mark.parametrize("how", ["release", "strand", "reclaim"])
def test_the_cut_stops_before_what_was_handed_back(rig: Rig, how: str) -> None:
    rig.running("back", token="other")
    rig.running(*MANY)
    if how == "reclaim":
        rig.lapse("other")
        rig.reclaim()
    else:
        getattr(rig, how)("back", token="other")
    rig.ack(*MANY)
    assert waiting(rig) == ["back"]
    assert rig.claimed("again", tasks=["t"]) == ["back"]


@pytest.mark.no_audit("the group is lost, and not yet read again")
def test_after_a_lost_group_nothing_that_was_not_delivered_is_cut_off(rig: Rig) -> None:
    rig.running(*MANY)
    rig.enqueue("early")
    rig.lose_group()
    rig.ack(*MANY)  # there is no group at all
    assert waiting(rig) == ["early"]


def test_an_entry_made_pending_out_of_turn_does_not_move_the_cut(rig: Rig) -> None:
    """After a lost group a release makes its entry pending, while others are yet to be read."""
    rig.running(*MANY)
    rig.enqueue("first")
    assert rig.claimed("other", 1) == ["first"]
    rig.enqueue("second")
    rig.lose_group()
    rig.release("first", token="other")
    rig.ack(*MANY)
    assert sorted(waiting(rig)) == ["first", "second"]
    assert rig.claimed("again") == ["first", "second"]


@pytest.mark.no_audit("the group was moved over jobs by hand: nobody is given them")
def test_entries_that_somebody_skipped_are_not_cut_off(rig: Rig) -> None:
    stream = rig.keys.key("stream")
    rig.enqueue("skipped")
    rig.admin.xgroup_create(stream, GROUP, "$")
    rig.running(*MANY)
    rig.ack(*MANY)
    assert waiting(rig) == ["skipped"]
    rig.admin.xgroup_setid(stream, GROUP, "0")
    assert rig.claimed("again") == ["skipped"]


def test_a_cancelled_job_further_on_only_makes_it_slower(rig: Rig) -> None:
    """The server can't tell any more how many entries are undelivered."""
    rig.running(*MANY)
    rig.enqueue("gone", "stays")
    call = operations.cancel(rig.keys, ids=["gone"], result_ttl_ms=0)
    assert rig.run(call) == ["OK"]
    rig.ack(*MANY)
    assert waiting(rig) == ["stays"]


def test_an_entry_beyond_exact_numbers_is_never_cut_off_with_others(rig: Rig) -> None:
    """Behind 2^53 Lua can't tell one from its neighbour: the last that is done with is ...994."""
    stream = rig.keys.key("stream")
    rig.running("first")
    rig.ack("first")
    ms = rig.now_ms() + 60_000
    last = f"{ms}-{9_007_199_254_740_994 - len(MANY)}"
    rig.admin.execute_command("XSETID", stream, last)  # type: ignore[no-untyped-call]
    rig.running(*MANY)
    rig.enqueue("later")
    rig.ack(*MANY)
    assert waiting(rig) == ["later"]

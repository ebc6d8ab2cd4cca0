"""poke of `aging`: what was parked before the queue's patience was known has it, too."""

from __future__ import annotations

import time
from typing import Any

from streamq import operations as op
from tests.lua.rig import Rig


def set_patience(rig: Rig, ms: int, limit: int = 2) -> int:
    """As a worker publishes it; the number of pages."""
    rig.run(op.set_limits(rig.keys, values={"aging": str(ms)}, published=True))
    cursor, pages = rig.run(op.poke(rig.keys, definition="aging", limit=limit)), 1
    while cursor:
        call = op.poke(rig.keys, definition="aging", cursor=cursor, limit=limit)
        cursor, pages = rig.run(call), pages + 1
    return pages


def timers(rig: Rig) -> dict[str, float]:
    found: Any = rig.admin.zrange(rig.keys.key("timers"), 0, -1, withscores=True)
    return {member.decode(): score for member, score in found}


def test_what_was_parked_before_ages_from_when_it_came(rig: Rig) -> None:
    rig.enqueue("low", "lower", opts="q=,p=0")
    rig.enqueue("other", opts="q=lane|cone=1,p=2")
    rig.enqueue("top", opts="q=,p=9")
    assert timers(rig) == {}
    assert set_patience(rig, 60_000) == 3
    records = {id_: rig.run(op.look(rig.keys, ids=[id_]))[0].record for id_ in ("low", "other")}
    came = {id_: int(one.where[2:]) for id_, one in records.items() if one}
    found = timers(rig)
    assert set(found) == {"a low", "a lower", "a other"}, "the top has nowhere to rise"
    assert found["a low"] == came["low"] + 60_000_000
    assert found["a other"] == came["other"] + 60_000_000
    assert rig.admin.zscore(rig.keys.key("gates"), "!timers") == min(found.values())


def test_another_patience_takes_the_place_of_the_first(rig: Rig) -> None:
    rig.enqueue("low", "high", opts="q=,p=0")
    set_patience(rig, 3_600_000)
    before = timers(rig)
    set_patience(rig, 1)
    assert timers(rig)["a low"] == before["a low"] - 3_600_000_000 + 1000
    rig.enqueue("usual", opts="q=,p=5")
    rig.run(op.set_limits(rig.keys, values={"aging": "3600000"}, published=True))
    assert rig.claimed("T", 2) == ["low", "high"], "they have aged"


def test_without_a_patience_nothing_ages(rig: Rig) -> None:
    rig.enqueue("low", opts="q=,p=0")
    assert rig.run(op.poke(rig.keys, definition="aging")) == ""
    assert timers(rig) == {}


def test_one_that_has_aged_and_may_not_start_waits_in_front(rig: Rig) -> None:
    rig.enqueue("runs", opts="q=|cone=1")
    assert rig.claimed("T") == ["runs"]
    rig.enqueue("old", opts="q=|cone=1,p=0")
    set_patience(rig, 1)
    time.sleep(0.005)
    assert rig.claimed("U") == []
    rig.enqueue("new", opts="q=|cone=1,p=8")
    assert rig.violations() == []
    state = rig.snapshot()["state"]["old"]
    assert state.startswith("P 0 0 &0")
    assert state.endswith(" aged")
    rig.ack("runs", token="T")
    assert rig.claimed("V") == ["old"]

"""set_limits: numbers that hold from the next claim on; run-time ones beat published ones."""

from __future__ import annotations

import time

import pytest
import redis

from streamq import operations as op
from tests.lua.rig import Rig


@pytest.mark.parametrize(
    "values",
    [
        *(
            {"a": "r 0 1"},
            {"a": "r 1000 0"},
            {"a": "r 1000 some"},
            {"a": "c -1"},
            {"a": "x 1"},
            {"weight a": "0"},
        ),
        *({"pause": "c 1"}, {"pause task t": "c 1"}, {"!paused": "c 1"}),  # what others count on
    ],
)
def test_what_is_no_limit_is_refused_and_changes_nothing(rig: Rig, values: dict[str, str]) -> None:
    with rig.unchanged(), pytest.raises(redis.ResponseError):
        rig.run(op.set_limits(rig.keys, values=values))


def test_what_is_set_beats_what_is_published_beats_what_the_job_says(rig: Rig) -> None:
    rig.enqueue(*"abcdef", opts="q=|cone=1")
    assert len(rig.claimed("T1")) == 1
    assert rig.run(op.set_limits(rig.keys, values={"one": "c 2"}, published=True)) == 1
    assert rig.run(op.set_limits(rig.keys, values={"one": "c 2"}, published=True)) == 0
    rig.run(op.poke(rig.keys, definition="one"))
    rig.run(op.poke(rig.keys, definition="one", cursor="c"))
    assert len(rig.claimed("T2")) == 1
    rig.run(op.set_limits(rig.keys, values={"one": "c 4"}))
    rig.run(op.poke(rig.keys, definition="one", cursor="c"))
    assert len(rig.claimed("T3")) == 2
    assert rig.run(op.reset_limits(rig.keys, names=["one"])) == 1
    assert rig.run(op.get_limits(rig.keys)).values == {"one": "c 2"}
    assert rig.claimed("T4") == []


def test_what_is_set_for_one_key_beats_all_else_for_that_key(rig: Rig) -> None:
    rig.enqueue(*"abcd", opts="q=|cone!x=1")
    rig.enqueue(*"efgh", opts="q=|cone!y=1")
    assert rig.claimed("T1") == ["a", "e"]
    rig.run(op.set_limits(rig.keys, values={"one": "c 2"}))
    assert rig.run(op.set_limits(rig.keys, values={"one!y": "c 3"})) == 1
    for definition in ("one", "one!y"):
        cursor = "start"
        while cursor:
            at = "" if cursor == "start" else cursor
            cursor = rig.run(op.poke(rig.keys, definition=definition, cursor=at))
    assert rig.claimed("T2") == ["b", "f", "g"]
    assert {(one.id, one.setting) for one in rig.run(op.limiters(rig.keys)).limiters} == {
        ("cone!x", "c 2"),
        ("cone!y", "c 3"),
    }
    rig.run(op.reset_limits(rig.keys, names=["one!y"]))
    rig.ack("e", token="T1")
    assert rig.claimed("T3") == [], "two run, as many as of any other key"
    assert rig.run(op.get_limits(rig.keys)).values == {"=one": "c 2"}


def test_a_rate_that_was_slower_for_one_key_is_not_waited_for(rig: Rig) -> None:
    hour = 3_600_000_000
    rig.enqueue(*"ab", opts=f"q=|rone!x={hour}=1")
    rig.enqueue(*"cd", opts=f"q=|rone!y={hour}=1")
    assert rig.claimed("T1") == ["a", "c"]
    rig.run(op.set_limits(rig.keys, values={"one!y": "r 1000 1"}))
    cursor = rig.run(op.poke(rig.keys, definition="one!y"))
    while cursor:
        cursor = rig.run(op.poke(rig.keys, definition="one!y", cursor=cursor))
    time.sleep(0.03)
    assert rig.claimed("T2") == ["d"], "and the other key waits as before"


def test_one_change_wakes_a_worker_and_a_weight_counts_once(rig: Rig) -> None:
    for weight in ("3", "5"):
        rig.admin.delete(rig.keys.key("wake"))
        rig.run(op.set_limits(rig.keys, values={"weight a": weight}))
        assert rig.admin.llen(rig.keys.key("wake")) == 1
        assert rig.admin.hget(rig.keys.key("limits"), "!weights") == b"1"
    rig.run(op.set_limits(rig.keys, values={"weight a": ""}))
    assert rig.admin.hget(rig.keys.key("limits"), "!weights") in {None, b"0"}

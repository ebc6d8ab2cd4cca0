"""poke: after a change those that wait are looked at again, a page at a time."""

from __future__ import annotations

import time

from streamq import operations as op
from tests.lua.rig import Rig


def poke_all(rig: Rig, definition: str, limit: int) -> int:
    cursor, calls = "", 0
    while True:
        call = op.poke(rig.keys, definition=definition, cursor=cursor, limit=limit)
        cursor, calls = rig.run(call), calls + 1
        if not cursor:
            return calls


def test_every_key_of_a_definition_is_looked_at_again_and_no_other(rig: Rig) -> None:
    for key in range(7):
        rig.enqueue(f"a{key}", f"b{key}", opts=f"q=|cone!{key}=1")
    rig.enqueue("x1", "x2", opts="q=|cone-more=1")
    assert len(rig.claimed("T1", 30)) == 8
    rig.run(op.set_limits(rig.keys, values={"one": "c 2", "one-more": "c 2"}))
    rig.admin.delete(rig.keys.key("wake"))
    assert poke_all(rig, "one", 2) > 3
    assert rig.admin.llen(rig.keys.key("wake")) == 1
    assert sorted(rig.claimed("T2", 30)) == [f"b{key}" for key in range(7)]
    poke_all(rig, "one-more", 2)
    assert rig.claimed("T3", 30) == ["x2"]


def test_a_lower_rate_booked_before_is_not_waited_for(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rone=3600000000=1")
    assert rig.claimed("T1") == ["a"]
    rig.run(op.set_limits(rig.keys, values={"one": "r 1000 1"}))
    poke_all(rig, "one", 100)
    time.sleep(0.03)
    assert rig.claimed("T2") == ["b"]


def test_booked_rates_are_put_right_page_by_page(rig: Rig) -> None:
    rig.admin.config_set("zset-max-listpack-entries", 1)
    for key in range(20):
        rig.enqueue(f"a{key}", opts=f"q=|rone!{key}=3600000000=1")
    assert len(rig.claimed("T1", 30)) == 20
    rig.run(op.set_limits(rig.keys, values={"one": "r 1000 1"}))
    assert poke_all(rig, "one", 2) > 4  # one page of rates, and three of gates, would be four calls
    soon = (rig.now_ms() + 60_000) * 1000
    assert rig.admin.zcount(rig.keys.key("rates"), soon, "+inf") == 0


def test_a_key_with_a_limit_of_its_own_keeps_what_it_booked(rig: Rig) -> None:
    for key in "abcd":
        rig.enqueue(key, opts=f"q=|rone!{key}=3600000000=1")
    assert len(rig.claimed("T1", 30)) == 4
    own = {f"one!{key}": "r 3600000000 1" for key in "bcd"}
    rig.run(op.set_limits(rig.keys, values={"one": "r 1000 1", **own}))
    poke_all(rig, "one", 100)
    soon = (rig.now_ms() + 60_000) * 1000
    assert rig.admin.zcount(rig.keys.key("rates"), soon, "+inf") == 3


def test_a_name_of_one_letter_is_no_beginning_of_another(rig: Rig) -> None:
    rig.enqueue("x1", "x2", opts="q=|cx=1")
    rig.enqueue("y1", "y2", opts="q=|cxy=1")
    assert sorted(rig.claimed("T1")) == ["x1", "y1"]
    poke_all(rig, "x", 10)
    gates = rig.snapshot()["gates"]
    assert (gates["cx"] < float("inf"), gates["cxy"]) == (True, float("inf"))


def test_a_key_whose_limit_of_its_own_is_gone_has_that_of_its_definition(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"one": "r 1000 1", "one!k": "r 3600000000 1"}))
    rig.enqueue("a", "b", opts="q=|rone!k=3600000000=1")
    assert rig.claimed("T1") == ["a"]
    rig.run(op.set_limits(rig.keys, values={"one!k": ""}))
    poke_all(rig, "one!k", 100)
    time.sleep(0.03)
    assert rig.claimed("T2") == ["b"]

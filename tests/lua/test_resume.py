"""What resume does beside undoing a pause, which `test_pause` shows."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_nothing_of_a_pause_is_left(rig: Rig) -> None:
    rig.enqueue("a", opts="q=x")
    before = rig.snapshot()
    for what, name in (("queue", ""), ("task", "t"), ("lane", "x")):
        rig.run(op.pause(rig.keys, what=what, name=name))
    for what, name in (("lane", "x"), ("task", "t"), ("queue", "")):
        assert rig.run(op.resume(rig.keys, what=what, name=name))
    assert rig.snapshot() == before


def test_a_lane_that_was_found_paused_is_looked_at_again(rig: Rig) -> None:
    rig.enqueue("a", opts="q=x")
    rig.run(op.pause(rig.keys, what="lane", name="x"))
    assert rig.claimed("T1") == []
    assert rig.snapshot()["gates"] == {"Lx": float("inf")}
    rig.run(op.resume(rig.keys, what="lane", name="x"))
    assert rig.snapshot()["gates"] == {"Lx": 0}
    assert rig.claimed("T2") == ["a"]

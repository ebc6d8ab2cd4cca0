"""standing: why a job is not running, and how many are before it."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_gate_place_and_time(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=lane|rone=60000000=1")
    rig.enqueue("plain")
    assert sorted(rig.claimed("T1")) == ["a", "plain"]
    rig.enqueue("new", opts="q=lane")
    ids = ["c", "b", "new", "a", "plain", "nobody"]
    stands = rig.run(op.standing(rig.keys, ids=ids))
    assert [(s.gate, s.place) for s in stands] == [
        *(("rone", 2), ("rone", 1), ("*", 1)),
        *(("", 0), ("", 0), ("", 0)),
    ]
    assert stands[0].look_in_us is not None
    assert 50e6 < stands[0].look_in_us < 60e6
    assert stands[0].class_name == "t|lane|rone=60000000=1"

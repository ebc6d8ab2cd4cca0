from __future__ import annotations

from streamq import operations as op
from streamq.operations import Standing
from tests.lua.rig import Rig


def standing(rig: Rig, *ids: str) -> list[Standing]:
    return rig.run(op.standing(rig.keys, ids=ids))


def test_what_is_not_in_the_line_is_not_parked(rig: Rig) -> None:
    rig.running("runs", opts="q=|cdef=1")
    rig.enqueue("waits")
    for one in standing(rig, "runs", "waits", "unknown"):
        assert (one.parked, one.gate, one.place) == (False, "", 0)


def test_a_job_knows_its_gate_and_its_place(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=tenant|cdef!x=1")
    rig.enqueue("high", opts="q=tenant|cdef!x=1,p=9")
    assert rig.claimed() == ["high"]
    found = standing(rig, "a", "b", "c")
    assert [(one.parked, one.gate, one.place) for one in found] == [
        (True, "cdef!x", 1),
        (True, "cdef!x", 2),
        (True, "cdef!x", 3),
    ]
    assert found[0].look_ms is None, "until a place gets free"
    assert found[0].limiters == ("cdef!x",)


def test_a_rates_gate_knows_when(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rdef=5000000=1")
    rig.claim()
    (one,) = standing(rig, "b")
    assert one.gate == "rdef"
    assert one.look_ms is not None
    assert 4000 < one.look_ms <= 5000


def test_what_has_not_been_looked_at_waits_for_its_turn(rig: Rig) -> None:
    rig.enqueue("a", opts="q=lane|cdef=1")
    assert standing(rig, "a")[0].gate == "*"


def test_it_changes_nothing(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|cdef=1")
    with rig.unchanged():
        standing(rig, "a", "b")

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_what_is_set_is_in_force_with_the_next_claim(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=|cdef=1")
    assert rig.claimed("T1") == ["a"]
    rig.run(op.set_limits(rig.keys, values={"def": "c 2"}))
    assert rig.run(op.poke(rig.keys, limiter="cdef")) == ""
    assert rig.claimed("T2") == ["b"]
    assert rig.claimed("T3") == []


def test_a_change_at_run_time_beats_the_code_until_it_is_removed(rig: Rig) -> None:
    values: dict[str, str | None] = {"def": "c 1", "=def": "c 3"}
    assert rig.run(op.set_limits(rig.keys, values=values)) == ["def", "=def"]
    rig.enqueue("a", "b", "c", "d", opts="q=|cdef=9")
    assert rig.claimed("T1") == ["a", "b", "c"]
    rig.ack("a", "b", "c", token="T1")
    assert rig.run(op.set_limits(rig.keys, values={"=def": None})) == ["=def"]
    rig.enqueue("e", opts="q=|cdef=9")
    assert rig.claimed("T2") == ["d"]
    rig.ack("d", token="T2")
    assert rig.claimed("T3") == ["e"]


def test_what_is_so_already_is_not_named(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"a": "c 1"}))
    with rig.unchanged():
        assert rig.run(op.set_limits(rig.keys, values={"a": "c 1", "gone": None})) == []


def test_weights_share_turns(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"weight a": "3"}))
    for lane in "ab":
        rig.enqueue(*[f"{lane}{n:02d}" for n in range(40)], opts=f"q={lane}")
    order = [i for n in range(40) for i in rig.claimed(f"T{n}", 1)]
    assert 29 <= sum(i[0] == "a" for i in order) <= 31

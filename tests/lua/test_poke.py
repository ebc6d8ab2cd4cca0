from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def gates(rig: Rig) -> dict[str, float]:
    found: dict[str, float] = rig.snapshot().get("gates", {})
    return found


def waiting(rig: Rig, *keys: str, definition: str = "cdef") -> None:
    """One job of each key runs, and another waits."""
    for key in keys:
        rig.enqueue(f"{key}1", f"{key}2", opts=f"q=|{definition}!{key}=1")
        assert len(rig.claimed(f"T{definition}{key}")) == 1


def test_all_keys_of_a_limit_are_looked_at_and_no_other_limits(rig: Rig) -> None:
    waiting(rig, "a", "b")
    waiting(rig, "x", definition="cdef-2")
    waiting(rig, "y", definition="cde")
    assert rig.run(op.poke(rig.keys, limiter="cdef")) == ""
    due = {gate for gate, at in gates(rig).items() if at == 0}
    assert due == {"cdef!a", "cdef!b"}


def test_it_goes_in_steps(rig: Rig) -> None:
    waiting(rig, "a", "b", "c")
    first = rig.run(op.poke(rig.keys, limiter="cdef", limit=2))
    assert first == "cdef!b"
    assert [gate for gate, at in gates(rig).items() if at == 0] == ["cdef!a", "cdef!b"]
    assert rig.run(op.poke(rig.keys, limiter="cdef", cursor=first, limit=2)) == ""
    assert gates(rig)["cdef!c"] == 0


def test_a_worker_is_woken(rig: Rig) -> None:
    waiting(rig, "a")
    rig.admin.delete(rig.keys.key("wake"))
    rig.run(op.poke(rig.keys, limiter="cdef"))
    assert rig.admin.llen(rig.keys.key("wake")) == 1


def test_where_nobody_waits_nothing_changes(rig: Rig) -> None:
    rig.running("a", opts="q=|cdef=1")
    with rig.unchanged():
        assert rig.run(op.poke(rig.keys, limiter="cdef")) == ""


def test_nobody_waits_out_the_interval_of_before(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rdef=60000000=1")
    assert rig.claimed("T1") == ["a"]
    rig.run(op.set_limits(rig.keys, values={"=def": "r 1000 1"}))
    rig.run(op.poke(rig.keys, limiter="rdef"))
    assert rig.claimed("T2") == ["b"]


def test_a_rate_for_which_nobody_waits_is_as_it_is_now_too(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|rdef=60000000=1")
    assert rig.claimed("T1") == ["a"]
    rig.run(op.set_limits(rig.keys, values={"def": "r 1000 1"}))
    rig.run(op.poke(rig.keys, limiter="rdef"))
    rig.enqueue("b", opts="q=|rdef=60000000=1")
    assert rig.claimed("T2") == ["b"]


def test_a_claim_after_it_closes_the_gate_again(rig: Rig) -> None:
    waiting(rig, "a")
    rig.run(op.poke(rig.keys, limiter="cdef"))
    assert rig.claimed("again") == []
    assert gates(rig)["cdef!a"] == float("inf")

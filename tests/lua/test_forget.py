"""forget: outcomes, before their time."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


def forget(rig: Rig, *ids: str) -> int:
    return rig.run(operations.forget(rig.keys, ids=ids))


def test_forget_removes_outcomes_and_nothing_else(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.ack("a", "b")
    before = rig.state()
    assert forget(rig, "a", "c", "a", "nobody") == 1
    rig.after(before, results={"b": "ok now 1 3 t\nvalue"}, results_expiry={"b": "+3600s"})
    with rig.unchanged():
        assert forget(rig, "a", "c") == 0

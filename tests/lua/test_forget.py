"""forget: outcomes, before their time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import redis

from streamq import operations
from tests.lua.rig import Rig
from tests.lua.test_append import append, said, trail


def forget(rig: Rig, *ids: str) -> int:
    return rig.run(operations.forget(rig.keys, ids=ids))


def test_forget_removes_outcomes_and_nothing_else(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.ack("a", "b")
    before = rig.state()
    assert forget(rig, "a", "c", "a", "nobody") == 1
    rig.after(before, results={"b": "ok now 1 3 t@w\nvalue"}, results_expiry={"b": "+3600s"})
    with rig.unchanged():
        assert forget(rig, "a", "c") == 0


def test_what_a_job_said_goes_with_its_outcome_and_stays_while_it_runs(rig: Rig) -> None:
    rig.running("a", "b")
    for kind in ("log", "chunks", "children"):
        assert append(rig, said("a", 1, "x"), said("b", 1, "y"), trail=kind) == ["OK"] * 2
    rig.ack("a")
    assert forget(rig, "a", "b", "nobody") == 1
    for kind in ("log", "chunks", "children"):
        assert trail(rig, "a", kind) == []
        assert trail(rig, "b", kind) == [("T", 1, "y")]


@pytest.mark.parametrize("call", [operations.forget, operations.delete])
def test_keys_that_fit_no_item_are_refused_before_any_write(rig: Rig, call: Any) -> None:
    rig.running("a", "b")
    rig.ack("a", "b")
    made = call(rig.keys, ids=["a", "b"])
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="the same number of trails"):
        rig.run(replace(made, keys=made.keys[:-1]))

"""instruct: what a worker is told from elsewhere, until it is told otherwise or is gone."""

from __future__ import annotations

import pytest
import redis

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def instruct(rig: Rig, order: str, worker: str = "w") -> str:
    return rig.run(operations.instruct(rig.keys, worker=worker, order=order))


def register(rig: Rig) -> None:
    rig.run(operations.register(rig.keys, worker="w", alive_ms=LEASE_MS, info="{}", tasks={}))


def test_a_worker_is_told_until_it_is_told_otherwise(rig: Rig) -> None:
    register(rig)
    before = rig.state()
    assert instruct(rig, "quiet") == "OK"
    rig.after(before, orders={"w": "quiet"})
    with rig.unchanged():
        assert instruct(rig, "quiet") == "ALREADY"
    assert instruct(rig, "stop") == "OK"
    rig.after(before, orders={"w": "stop"})
    assert instruct(rig, "resume") == "OK"
    rig.after(before)
    assert instruct(rig, "resume") == "ALREADY"


def test_who_is_not_there_is_told_nothing(rig: Rig) -> None:
    assert instruct(rig, "quiet") == "UNKNOWN"
    register(rig)
    rig.worker_is("w", alive=False)
    with rig.unchanged():
        assert instruct(rig, "stop") == "UNKNOWN"
        with pytest.raises(redis.exceptions.ResponseError, match="no such order"):
            instruct(rig, "dance")


def test_what_it_was_told_goes_with_the_worker(rig: Rig) -> None:
    register(rig)
    instruct(rig, "quiet")
    rig.run(operations.unregister(rig.keys, worker="w"))
    assert "orders" not in rig.state()
    register(rig)
    instruct(rig, "quiet")
    rig.admin.zadd(rig.keys.key("workers"), {"w": 1})
    rig.run(operations.sweep(rig.keys))
    assert "orders" not in rig.state()

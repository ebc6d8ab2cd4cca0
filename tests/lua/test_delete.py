"""delete: dead jobs, for good."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig
from tests.lua.test_append import append, said, trail


def delete(rig: Rig, *ids: str) -> list[str]:
    return rig.run(operations.delete(rig.keys, ids=ids))


def test_delete_leaves_nothing_of_a_dead_job(rig: Rig) -> None:
    rig.dead("a", "b")
    before = rig.state()
    assert delete(rig, "a", "b") == ["OK", "OK"]
    gone = dict.fromkeys(("jobs", "state", "dead", "errors"))
    rig.after(before, **gone, counts={"enqueued": 2, "died": 2, "deleted": 2})


def test_what_a_dead_job_said_goes_with_it(rig: Rig) -> None:
    rig.running("a", "run")
    append(rig, said("a", 1, "x"), said("run", 1, "y"), trail="log")
    rig.bury("a")
    assert delete(rig, "a", "run") == ["OK", "ENDED"]
    assert trail(rig, "a", "log") == []
    assert trail(rig, "run", "log") == [("T", 1, "y")]


def test_delete_of_what_is_not_dead_changes_nothing(rig: Rig) -> None:
    rig.running("run")
    rig.enqueue("waits")
    with rig.unchanged():
        assert delete(rig, "run", "waits", "nobody") == ["ENDED"] * 3


def test_delete_again_or_twice_in_one_call_counts_once(rig: Rig) -> None:
    rig.dead("a", "b")
    assert delete(rig, "a", "a") == ["OK", "ENDED"]
    assert rig.state()["counts"]["deleted"] == 1
    with rig.unchanged():
        assert delete(rig, "a") == ["ENDED"]

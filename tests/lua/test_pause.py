from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from tests.lua.rig import Rig


def pause(rig: Rig, what: str = "queue", name: str = "") -> bool:
    return rig.run(op.pause(rig.keys, what=what, name=name))


def resume(rig: Rig, what: str = "queue", name: str = "") -> bool:
    return rig.run(op.resume(rig.keys, what=what, name=name))


def test_a_paused_queue_gives_nothing_until_it_is_resumed(rig: Rig) -> None:
    rig.enqueue("plain")
    rig.enqueue("lane", opts="q=lane")
    rig.enqueue("handed-back")
    rig.claim("T0", 10)
    rig.release("handed-back", token="T0")
    rig.enqueue("later")
    assert pause(rig)
    assert rig.claimed("T1") == []
    rig.enqueue("newer")
    assert rig.claimed("T2") == []
    assert resume(rig)
    assert rig.claimed("T3") == ["handed-back", "later", "newer"]


def test_what_runs_is_left_alone(rig: Rig) -> None:
    rig.running("a", "b")
    pause(rig)
    assert rig.ack("a") == ["OK"]
    assert rig.retry("b", delay_ms=0) == ["OK"]
    rig.run(op.promote(rig.keys))
    assert rig.claimed("T1") == []
    resume(rig)
    assert rig.claimed("T2") == ["b"]


@pytest.mark.parametrize(("what", "name"), [("queue", ""), ("task", "t"), ("lane", "x")])
def test_again_changes_nothing(rig: Rig, what: str, name: str) -> None:
    rig.enqueue("a", opts="q=x")
    with rig.unchanged():
        assert not resume(rig, what, name)
    assert pause(rig, what, name)
    with rig.unchanged():
        assert not pause(rig, what, name)
    assert resume(rig, what, name)
    assert rig.claimed() == ["a"]


def test_a_paused_task_waits_aside_and_keeps_its_place(rig: Rig) -> None:
    rig.enqueue("a", task="held")
    rig.enqueue("b", task="free")
    rig.enqueue("c", task="held", opts="q=lane")
    pause(rig, "task", "held")
    assert rig.claimed("T1") == ["b"]
    assert rig.claimed("T2") == []
    rig.enqueue("d", task="free")
    assert rig.claimed("T3") == ["d"]
    resume(rig, "task", "held")
    assert sorted(rig.claimed("T4")) == ["a", "c"]


def test_a_paused_lane_is_passed(rig: Rig) -> None:
    rig.enqueue("a1", "a2", opts="q=a")
    rig.enqueue("b1", opts="q=b|climit=5")
    pause(rig, "lane", "a")
    assert rig.claimed("T1") == ["b1"]
    resume(rig, "lane", "a")
    assert rig.claimed("T2") == ["a1", "a2"]


def test_pauses_hold_each_for_itself(rig: Rig) -> None:
    rig.enqueue("a", task="one")
    rig.enqueue("b", task="two")
    pause(rig, "task", "one")
    pause(rig, "task", "two")
    pause(rig)
    resume(rig, "task", "two")
    assert rig.claimed("T1") == []
    resume(rig)
    assert rig.claimed("T2") == ["b"]
    resume(rig, "task", "one")
    assert rig.claimed("T3") == ["a"]
    assert "limits" not in rig.snapshot()


def test_a_worker_is_woken_by_the_end_of_a_pause(rig: Rig) -> None:
    pause(rig)
    rig.admin.delete(rig.keys.key("wake"))
    resume(rig)
    assert rig.admin.llen(rig.keys.key("wake")) == 1


def test_what_is_too_old_afterwards_ends_as_expired(rig: Rig) -> None:
    rig.enqueue("plain", expires="+1")
    rig.enqueue("lane", opts="q=x", expires="+1")
    pause(rig)
    resume(rig)
    assert rig.claim("T1").expired == 2


@pytest.mark.parametrize(("what", "name"), [("queue", "x"), ("task", ""), ("world", "x")])
def test_what_cannot_be_paused_is_a_malformed_call(rig: Rig, what: str, name: str) -> None:
    for call in (pause, resume):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="no such thing"):
            call(rig, what, name)

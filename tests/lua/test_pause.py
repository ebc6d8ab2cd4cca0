"""pause: nothing of a queue, a task or a lane is claimed, at once and until it is resumed."""

from __future__ import annotations

import time

from streamq import operations as op
from tests.lua.rig import Rig


def test_a_paused_queue_hands_out_nothing(rig: Rig) -> None:
    rig.enqueue("plain")
    rig.enqueue("parked", opts="q=a")
    assert rig.run(op.pause(rig.keys)) is True
    assert rig.run(op.pause(rig.keys)) is False
    assert rig.claimed("T1") == []
    assert rig.run(op.resume(rig.keys)) is True
    assert sorted(rig.claimed("T2")) == ["parked", "plain"]


def test_a_paused_task_lets_other_tasks_pass_and_keeps_its_order(rig: Rig) -> None:
    rig.enqueue("a1", "a2", task="a")
    rig.enqueue("b1", task="b")
    rig.enqueue("a3", task="a", opts="q=lane")
    rig.run(op.pause(rig.keys, what="task", name="a"))
    rig.enqueue("a4", task="a")
    assert rig.claimed("T1") == ["b1"]
    assert [s.gate for s in rig.run(op.standing(rig.keys, ids=["a1", "a3"]))] == ["Ta", "Ta"]
    rig.run(op.resume(rig.keys, what="task", name="a"))
    claimed = rig.claimed("T2")
    assert [i for i in claimed if i != "a3"] == ["a1", "a2", "a4"]
    assert "a3" in claimed


def test_a_paused_lane_lets_other_lanes_pass(rig: Rig) -> None:
    rig.enqueue("a1", opts="q=a")
    rig.enqueue("b1", opts="q=b")
    rig.run(op.pause(rig.keys, what="lane", name="a"))
    assert rig.claimed("T1") == ["b1"]
    rig.enqueue("a2", opts="q=a")
    assert rig.claimed("T2") == []
    rig.run(op.resume(rig.keys, what="lane", name="a"))
    assert rig.claimed("T3") == ["a1", "a2"]


def test_who_pauses_is_kept_if_they_say_so(rig: Rig) -> None:
    rig.run(op.pause(rig.keys, by="ann"))
    rig.run(op.pause(rig.keys, what="task", name="t"))
    limits = rig.state()["limits"]
    assert limits == {"pause": "now ann", "pause task t": "now", "!paused": "2"}


def test_what_runs_ends_while_its_queue_is_paused(rig: Rig) -> None:
    rig.running("runs")
    rig.run(op.pause(rig.keys))
    assert rig.ack("runs") == ["OK"]


def test_what_is_aside_stays_where_it_is_though_its_task_is_paused_and_the_group_was_lost(
    rig: Rig,
) -> None:
    rig.running("aside", "runs")
    rig.strand("aside")
    rig.run(op.pause(rig.keys, what="task", name="t"))
    rig.lose_group()
    assert rig.claimed("T2") == []
    states = rig.state()["state"]
    assert (states["aside"][0], states["runs"][0]) == ("N", "R")
    assert "parked" not in rig.state()


def test_one_that_was_due_keeps_its_place_when_its_task_is_paused(rig: Rig) -> None:
    rig.enqueue("a", due="@5")
    rig.enqueue("b", due="+60000")
    rig.admin.zadd(rig.keys.key("scheduled"), {"b": 1})
    rig.run(op.promote(rig.keys))
    entry = rig.snapshot()["state"]["b"].split()[3]
    rig.run(op.pause(rig.keys, what="task", name="t"))
    assert rig.claimed("T") == []
    ms, _, seq = entry.partition("-")
    place = f"P 0 0 &5{int(ms) * 1000 + int(seq):016} paused"
    assert rig.snapshot()["state"]["b"] == place


def test_one_that_expired_a_moment_ago_is_not_put_aside_with_its_paused_task(rig: Rig) -> None:
    rig.enqueue("a", expires="+1")
    rig.run(op.pause(rig.keys, what="task", name="t"))
    time.sleep(0.005)
    assert rig.claim("T").expired == 1

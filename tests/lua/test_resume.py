"""resume: what was held back goes on in its order."""

from __future__ import annotations

from streamq import operations as op
from tests.lua.rig import Rig


def test_resuming_what_is_not_paused_changes_nothing(rig: Rig) -> None:
    with rig.unchanged():
        assert rig.run(op.resume(rig.keys, what="lane", name="a")) is False


def test_a_queue_stays_paused_while_only_its_task_is_resumed(rig: Rig) -> None:
    rig.enqueue("a", task="a")
    rig.run(op.pause(rig.keys))
    rig.run(op.pause(rig.keys, what="task", name="a"))
    rig.run(op.resume(rig.keys, what="task", name="a"))
    assert rig.claimed("T1") == []
    rig.run(op.resume(rig.keys))
    assert rig.claimed("T2") == ["a"]
    assert "limits" not in rig.snapshot()
    assert "gates" not in rig.snapshot()


def test_who_sleeps_is_woken(rig: Rig) -> None:
    rig.enqueue("a")
    rig.run(op.pause(rig.keys))
    assert rig.claimed("T1") == []
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.run(op.resume(rig.keys)) is True
    assert rig.state()["wake"] == ["1"]

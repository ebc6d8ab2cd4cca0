"""unregister: a worker that has settled all it held is forgotten."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def test_unregister_forgets_all_of_the_worker(rig: Rig) -> None:
    rig.run(operations.register(rig.keys, worker="w", alive_ms=LEASE_MS, info="{}", tasks={}))
    rig.running("a")
    rig.ack("a")
    before = rig.state()
    assert rig.run(operations.unregister(rig.keys, worker="w")) is True
    rig.after(before, **dict.fromkeys(("workers", "worker_info", "replies")))
    assert rig.admin.xinfo_consumers(rig.keys.key("stream"), "workers") == []
    with rig.unchanged():
        assert rig.run(operations.unregister(rig.keys, worker="w")) is False


def test_unregister_never_destroys_pending_entries(rig: Rig) -> None:
    rig.running("a")
    with rig.unchanged():
        rig.run(operations.unregister(rig.keys, worker="w"))
    rig.lapse("T")
    rig.reclaim()
    assert rig.claimed("U", worker="other") == ["a"]


def test_unregister_in_a_queue_without_stream_or_group_makes_none(rig: Rig) -> None:
    rig.run(operations.unregister(rig.keys, worker="w"))
    assert rig.state() == {}
    rig.enqueue("a")
    with rig.unchanged():
        rig.run(operations.unregister(rig.keys, worker="w"))

"""forward: the outbox in its order; what has arrived leaves it."""

from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, Rig


def sent(rig: Rig, *ids: str, body: bytes = BODY) -> list[str]:
    """Puts these into the outbox; their entries."""
    rig.running("parent")
    follow = [part for i in ids for part in op.follow_up("other", NewJob(i, "t", body))]
    job = op.Ack("parent", "T", "t", "none", 3, 0, b"", follow)
    rig.run(op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[job]))
    return [one.entry for one in rig.run(op.forward(rig.keys, limit=200))]


def test_forward_reads_in_order_and_changes_nothing(rig: Rig) -> None:
    ids = [f"j{n}" for n in range(25)]
    entries = sent(rig, *ids)
    with rig.unchanged():
        assert [one.job.id for one in rig.run(op.forward(rig.keys, limit=12))] == ids[:12]
        rest = rig.run(op.forward(rig.keys, after=entries[11], limit=100))
    assert [one.job.id for one in rest] == ids[12:]
    assert rig.run(op.forward(rig.keys, after=entries[-1])) == []


def test_what_has_arrived_leaves_and_the_rest_is_read(rig: Rig) -> None:
    entries = sent(rig, "a", "b", "c")
    call = op.forward(rig.keys, arrived=[entries[0], entries[2]])
    assert [one.job.id for one in rig.run(call)] == ["b"]
    assert rig.state()["counts"] == {"enqueued": 1, "succeeded": 1, "sent": 3, "delivered": 2}
    with rig.unchanged():
        rig.run(call)


def test_large_bodies_come_in_small_pages(rig: Rig) -> None:
    sent(rig, *(f"j{n}" for n in range(40)), body=b"x" * 200_000)
    assert len(rig.run(op.forward(rig.keys, limit=100))) == 10


def test_what_is_no_entry_is_refused_and_changes_nothing(rig: Rig) -> None:
    entries = sent(rig, "a")
    for arrived, after in (
        ([*entries, "x"], "0-0"),
        (entries * 201, "0-0"),
        (entries, "-"),
    ):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="expected"):
            rig.run(op.forward(rig.keys, arrived=arrived, after=after))


def test_two_hundred_that_have_arrived_are_taken_and_a_page_ends_at_its_bytes(rig: Rig) -> None:
    rig.running("parent")
    sizes = [100_000] * 9 + [148_576, 1]  # ten are a MiB
    jobs = [NewJob(f"j{n}", "t", b"x" * size) for n, size in enumerate(sizes)]
    follow = [part for job in jobs for part in op.follow_up("other", job)]
    ended = op.Ack("parent", "T", "t", "none", 3, 0, b"", follow)
    rig.run(op.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[ended]))
    nobody = [f"{n}-1" for n in range(1, 201)]
    assert len(rig.run(op.forward(rig.keys, arrived=nobody, limit=100))) == 10

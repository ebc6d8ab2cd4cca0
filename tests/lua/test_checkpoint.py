"""checkpoint: where a running job can go on from, from its holder only; kept over its runs."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def checkpoint(rig: Rig, *jobs: tuple[str, str, bytes], lease_ms: int = LEASE_MS) -> list[str]:
    return rig.run(operations.checkpoint(rig.keys, lease_ms=lease_ms, jobs=jobs))


def restored(rig: Rig, token: str) -> dict[str, bytes | None]:
    return {job.id: job.checkpoint for job in rig.claim(token).jobs}


def test_a_checkpoint_is_kept_and_the_lease_renewed(rig: Rig) -> None:
    rig.running("a", "b")
    before = rig.state()
    assert checkpoint(rig, ("a", "T", b"1"), ("b", "T", b"2"), lease_ms=120_000) == ["OK", "OK"]
    rig.after(before, checkpoints={"a": "1", "b": "2"}, leases={"T": "+120s"})
    assert checkpoint(rig, ("a", "T", b"3"), lease_ms=120_000) == ["OK"]
    rig.after(before, checkpoints={"a": "3", "b": "2"}, leases={"T": "+120s"})


def test_a_checkpoint_by_another_than_the_holder_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.enqueue("waits")
    with rig.unchanged():
        wrong = [("a", "U", b"1"), ("waits", "T", b"1"), ("nobody", "T", b"1")]
        assert checkpoint(rig, *wrong) == ["LEASELOST"] * 3


def test_a_checkpoint_after_reclaim_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.reclaim()
    rig.claim("U")
    with rig.unchanged():
        assert checkpoint(rig, ("a", "T", b"1")) == ["LEASELOST"]


def test_the_next_claim_brings_it_also_when_repeated(rig: Rig) -> None:
    rig.running("a", "plain")
    checkpoint(rig, ("a", "T", b"page 7"))
    rig.release("a", "plain")
    assert restored(rig, "U") == {"a": b"page 7", "plain": None}
    assert restored(rig, "U") == {"a": b"page 7", "plain": None}


def test_it_outlives_retry_reclaim_and_death(rig: Rig) -> None:
    rig.running("a")
    checkpoint(rig, ("a", "T", b"1"))
    rig.retry("a", delay_ms=0)
    rig.run(operations.promote(rig.keys))
    assert restored(rig, "U") == {"a": b"1"}
    rig.lapse("U")
    rig.reclaim()
    assert restored(rig, "V") == {"a": b"1"}
    rig.bury("a", token="V")
    rig.run(operations.revive(rig.keys, ids=["a"]))
    assert restored(rig, "W") == {"a": b"1"}


def test_it_goes_with_the_job(rig: Rig) -> None:
    ids = ["acked", "cancelled", "expired", "deleted", "evicted", "swept"]
    for i in ids:
        rig.running(i, token=i, **({"expires": "+60000"} if i == "expired" else {}))
        checkpoint(rig, (i, i, b"1"))
    rig.ack("acked", token="acked")
    rig.release("cancelled", token="cancelled")
    rig.run(operations.cancel(rig.keys, ids=["cancelled"], result_ttl_ms=0))
    for i in ids[3:]:
        rig.bury(i, token=i)
    rig.run(operations.delete(rig.keys, ids=["deleted"]))
    assert set(rig.state()["checkpoints"]) == {"expired", "evicted", "swept"}
    rig.admin.zadd(rig.keys.key("dead"), {"swept": 1})
    rig.run(operations.sweep(rig.keys))
    rig.running("last")
    last = [operations.Burial("last", "T", "t", "failed", 3, b"x")]
    rig.run(operations.bury(rig.keys, worker="w", seq=rig.next_seq(), jobs=last, dead_cap=1))
    assert set(rig.state()["checkpoints"]) == {"expired"}
    record = rig.snapshot()["jobs"]["expired"].replace("x=", "x=1,y=", 1)
    rig.admin.hset(rig.keys.key("jobs"), "expired", record)
    rig.release("expired", token="expired")
    assert restored(rig, "V") == {}
    assert "checkpoints" not in rig.state()

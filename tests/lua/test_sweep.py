"""sweep: what has had its time goes, in bounded steps, and what goes unasked is counted."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def sweep(rig: Rig, limit: int = 200) -> tuple[int, int, int]:
    swept = rig.run(operations.sweep(rig.keys, limit=limit))
    return swept.results, swept.dead, swept.workers


def register(rig: Rig, worker: str) -> None:
    rig.run(operations.register(rig.keys, worker=worker, alive_ms=LEASE_MS, info="{}", tasks={}))


def test_sweep_of_nothing_old_changes_nothing(rig: Rig) -> None:
    rig.dead("a")
    rig.running("b")
    rig.ack("b")
    register(rig, "w")
    rig.worker_is("late", alive=False)
    with rig.unchanged():
        assert sweep(rig) == (0, 0, 0)


def test_sweep_removes_outcomes_past_their_time(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.ack("a", "b", "c")
    rig.admin.zadd(rig.keys.key("results_expiry"), {"a": 1, "c": 2})
    before = rig.state()
    assert sweep(rig) == (2, 0, 0)
    rig.after(before, results={"b": "ok now 1 3 t@w\nvalue"}, results_expiry={"b": "+3600s"})


def test_sweep_evicts_and_counts_the_long_dead(rig: Rig) -> None:
    rig.dead("a", "b")
    rig.admin.zadd(rig.keys.key("dead"), {"a": 1})
    before = rig.state()
    assert sweep(rig) == (0, 1, 0)
    rig.after(
        before,
        jobs={"b": ".e2 t -\n\x93abc"},
        state={"b": "D 1 0 now failed"},
        dead={"b": "now"},
        errors={"b": "oops"},
        counts={"enqueued": 2, "died": 2, "evicted": 1},
    )


def test_sweep_forgets_workers_long_gone_but_never_their_pending_entries(rig: Rig) -> None:
    rig.running("a", worker="holds")
    rig.claim("U", worker="idle")
    for worker in ("holds", "idle", "here"):
        register(rig, worker)
    rig.admin.hset(rig.keys.key("replies"), "idle", "1 OK")
    rig.admin.zadd(rig.keys.key("workers"), {"holds": 1, "idle": 2})
    before = rig.state()
    assert sweep(rig) == (0, 0, 2)
    rig.after(before, workers={"here": "+30s"}, worker_info={"here": "{}"}, replies=None)
    consumers = rig.admin.xinfo_consumers(rig.keys.key("stream"), "workers")
    assert [consumer["name"] for consumer in consumers] == [b"holds"]


def test_sweep_removes_at_most_its_limit_of_each(rig: Rig) -> None:
    rig.dead("a", "b", "c")
    rig.admin.zadd(rig.keys.key("dead"), dict.fromkeys("abc", 1))
    assert [sweep(rig, limit=2)[1] for _ in range(3)] == [2, 1, 0]


def test_sweep_removes_rates_of_the_past_where_no_claim_will(rig: Rig) -> None:
    for user in ("a", "b", "c"):
        rig.enqueue(user, opts=f"q=|r1:t!{user}=1=1")
    assert rig.claimed() == ["a", "b", "c"]
    rates = rig.keys.key("rates")
    assert rig.admin.zcard(rates) == 3
    rig.admin.zadd(rates, {"r1:t!c": 1000 * (rig.now_ms() + LEASE_MS)})
    kept = rig.admin.zrange(rates, 0, -1)[-1:]
    swept = rig.run(operations.sweep(rig.keys, limit=2))
    assert swept.rates == 2
    rig.run(operations.sweep(rig.keys))
    assert rig.admin.zrange(rates, 0, -1) == kept

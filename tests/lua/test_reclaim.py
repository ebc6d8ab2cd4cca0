"""reclaim: takes back what nobody holds any more, and forgives time that went missing."""

from __future__ import annotations

from typing import Any, cast

import pytest

from streamq import operations
from tests.lua.rig import LEASE_MS, Rig


def rhythm(rig: Rig, **fields: int) -> None:
    rig.admin.hset(rig.keys.key("rhythm"), mapping=cast("Any", fields))


def test_reclaim_leaves_living_leases_alone(rig: Rig) -> None:
    rig.running("a")
    before = rig.state()
    reclaimed = rig.reclaim()
    assert (reclaimed.returned, reclaimed.poisoned, reclaimed.grace_ms, reclaimed.jobs) == (
        0,
        0,
        0,
        [],
    )
    assert 20_000 < reclaimed.next_ms <= LEASE_MS
    rig.after(before, rhythm={"last": "now", "grace": "0"})


def test_reclaim_with_no_lease_at_all_says_so(rig: Rig) -> None:
    assert rig.reclaim().next_ms == -1


def test_reclaim_from_a_living_worker_counts_no_crash(rig: Rig) -> None:
    rig.running("a", "b")
    rig.running("c", token="U")
    rig.ack("b")
    rig.worker_is("w", alive=True)
    rig.lapse("T")
    rig.admin.delete(rig.keys.key("wake"))
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    before = rig.state()
    reclaimed = rig.reclaim()
    assert (reclaimed.returned, reclaimed.poisoned, reclaimed.jobs) == (1, 0, [("a", "w")])
    rig.after(
        before,
        state={"a": "B 0 0 e1 reclaimed", "c": "R 1 0 e2 U now"},
        returned={"a": "e1"},
        pending={"e1": "~returned", "e2": "w"},
        leases={"U": "+30s"},
        claims={"U": "w 1 c"},
        held={"U": "1"},
        progress=None,
        errors={"a": ""},  # no failure, but a run that ended badly
        rhythm={"last": "now", "grace": "0"},
        wake=["1"],
        counts={"enqueued": 3, "succeeded": 1, "reclaimed": 1},
    )


@pytest.mark.parametrize("known", [True, False])
def test_reclaim_from_a_dead_worker_counts_a_crash(rig: Rig, known: bool) -> None:
    rig.running("a")
    if known:
        rig.worker_is("w", alive=False)
    rig.lapse("T")
    rig.reclaim()
    assert rig.state()["state"] == {"a": "B 0 1 e1 crashed"}
    assert rig.state()["counts"] == {"enqueued": 1, "crashed": 1, "reclaimed": 1}


def test_reclaim_takes_the_consumer_of_a_forgotten_worker_along(rig: Rig) -> None:
    rig.running("a")
    rig.running("b", token="U", worker="listed")
    rig.worker_is("listed", alive=False)
    rig.run(operations.unregister(rig.keys, worker="w"))
    rig.lapse("T", "U")
    assert rig.reclaim().returned == 2
    consumers = rig.admin.xinfo_consumers(rig.keys.key("stream"), "workers")
    assert {consumer["name"] for consumer in consumers} == {b"listed", b"~returned"}


def test_reclaim_leaves_alone_what_another_claim_holds_now(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.release("a", "c")
    assert rig.claimed("U", limit=1) == ["a"]
    rig.lapse("T")
    assert rig.reclaim().jobs == [("b", "w")]
    assert rig.state()["state"]["a"] == "R 1 0 e1 U now"
    assert rig.state()["held"] == {"U": "1"}


def test_reclaim_twice_takes_back_once(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.reclaim()
    with rig.unchanged("rhythm"):
        assert rig.reclaim().returned == 0


def test_reclaimed_jobs_keep_their_place(rig: Rig) -> None:
    rig.running("a", token="T")
    rig.running("b", token="U")
    rig.enqueue("c")
    rig.lapse("U", "T")
    rig.reclaim()
    assert rig.claimed("V") == ["a", "b", "c"]


def test_too_many_crashes_are_poison_and_whoever_waits_is_told(rig: Rig) -> None:
    rig.running("a", "b", opts="c=1")
    rig.running("c", token="U")
    rig.wait("a")
    rig.lapse("T", "U")
    before = rig.state()
    with rig.listening() as heard:
        reclaimed = rig.reclaim()
    assert (reclaimed.returned, reclaimed.poisoned) == (1, 2)
    [message] = heard
    outcome = operations.parse_message(message)[1]
    assert outcome is not None
    assert outcome.kind == "poison"
    rig.after(
        before,
        state={"a": "D 1 1 now poison", "b": "D 1 1 now poison", "c": "B 0 1 e3 crashed"},
        stream={"e3": "c"},
        pending={"e3": "~returned"},
        returned={"c": "e3"},
        dead={"a": "now", "b": "now"},
        dropped=["b poison 1 0 now t", "a poison 1 0 now t"],
        counts={"enqueued": 3, "crashed": 3, "died": 2, "reclaimed": 1},
        errors=dict.fromkeys("abc", ""),
        rhythm={"last": "now", "grace": "0"},
        **dict.fromkeys(("leases", "claims", "held", "waiters")),
    )


def test_a_lost_run_of_what_never_runs_twice_is_poison_even_if_its_worker_lives(rig: Rig) -> None:
    rig.running("a", opts="c=0")
    rig.worker_is("w", alive=True)
    rig.lapse("T")
    assert rig.reclaim().poisoned == 1
    assert rig.state()["state"] == {"a": "D 1 0 now poison"}
    assert rig.state()["counts"] == {"enqueued": 1, "died": 1}


@pytest.mark.parametrize("jump_ms", [-60_000, 60_000])
def test_after_a_gap_every_lease_gets_one_lease_of_grace(rig: Rig, jump_ms: int) -> None:
    rig.running("a")
    rig.reclaim()
    rig.lapse("T")
    rhythm(rig, last=rig.now_ms() + jump_ms)
    before = rig.state()
    reclaimed = rig.reclaim()
    assert (reclaimed.returned, reclaimed.jobs, reclaimed.next_ms) == (0, [], 0)
    assert LEASE_MS - 5000 < reclaimed.grace_ms <= LEASE_MS
    rig.after(before, rhythm={"last": "now", "grace": "+30s"})
    with rig.unchanged("rhythm"):
        assert rig.reclaim().returned == 0  # still within the grace
    rhythm(rig, grace=rig.now_ms() - 1)
    assert rig.reclaim().returned == 1


def test_a_pause_within_the_rhythm_is_no_gap(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rhythm(rig, last=rig.now_ms() - 8000, grace=0)
    assert rig.reclaim().returned == 1


def test_reclaim_takes_back_at_most_its_limit_of_claims(rig: Rig) -> None:
    for i in range(5):
        rig.running(f"{i}", token=f"T{i}")
    rig.lapse(*(f"T{i}" for i in range(5)))
    assert [rig.reclaim(limit=2).returned for _ in range(4)] == [2, 2, 1, 0]


def test_reclaim_takes_back_at_most_16_jobs(rig: Rig) -> None:
    for token, n in (("one", 10), ("two", 40), ("three", 10)):
        rig.running(*(f"{token}-{i}" for i in range(n)), token=token)
    for score, token in enumerate(("one", "two", "three")):
        rig.admin.zadd(rig.keys.key("leases"), {token: score + 1}, xx=True)
    seen = [rig.reclaim() for _ in range(5)]
    assert [one.returned for one in seen] == [16, 16, 16, 12, 0]
    assert len({job for one in seen for job, _ in one.jobs}) == 60


def test_what_reclaim_left_of_a_claim_is_still_its_holders(rig: Rig) -> None:
    ids = [f"{i:02d}" for i in range(60)]
    rig.running(*ids)
    rig.worker_is("w", alive=True)
    rig.lapse("T")
    assert [job for job, _ in rig.reclaim().jobs] == ids[:16]
    assert rig.state()["held"] == {"T": "44"}
    renewed = operations.extend(
        rig.keys, worker="w", alive_ms=LEASE_MS, lease_ms=LEASE_MS, tokens=["T"]
    )
    assert rig.run(renewed) == ["OK"]
    assert rig.reclaim().jobs == []
    assert rig.ack(ids[0], *ids[16:]) == ["LEASELOST", *["OK"] * 44]
    assert "claims" not in rig.state()


def test_reclaim_drops_a_claim_that_holds_nothing(rig: Rig) -> None:
    rig.admin.zadd(rig.keys.key("leases"), {"empty": 1, "half": 2})
    rig.admin.hset(rig.keys.key("claims"), "half", "w 1 gone")
    rig.admin.hset(rig.keys.key("held"), "half", 1)
    rig.reclaim()
    assert rig.state() == {"rhythm": {"last": "now", "grace": "0"}}


def test_reclaim_while_the_group_is_lost_makes_it_again(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.lose_group()
    assert rig.reclaim().returned == 1
    assert rig.violations() == []
    assert rig.claimed("U") == ["a"]

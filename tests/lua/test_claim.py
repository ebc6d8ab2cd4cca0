"""claim: who gets which job, in which order, and never twice."""

from __future__ import annotations

import re

import pytest
import redis

from streamq import operations
from streamq.operations import NewJob
from tests.lua.rig import BODY, LEASE_MS, Rig


def test_claim_hands_out_in_order_under_one_lease(rig: Rig) -> None:
    rig.enqueue("b", "a", "c")
    before = rig.state()
    claimed = rig.claim("T", limit=2)
    jobs = [
        (job.id, job.attempt, job.crashes, job.record.task, job.record.body) for job in claimed.jobs
    ]
    assert jobs == [("b", 1, 0, "t", BODY), ("a", 1, 0, "t", BODY)]
    assert (claimed.next_due_ms, claimed.stranded, claimed.more, claimed.expired) == (
        -1,
        False,
        True,
        0,
    )
    assert abs(claimed.now_ms - rig.now_ms()) < 5000
    rig.after(
        before,
        state={"b": "R 1 0 e1 T now", "a": "R 1 0 e2 T now"},
        leases={"T": "+30s"},
        claims={"T": "w 2 b a"},
        held={"T": "2"},
        pending={"e1": "w", "e2": "w"},
    )


def test_claim_that_finds_nothing_changes_nothing_and_tells_when_the_next_is_due(rig: Rig) -> None:
    rig.enqueue("a", due="+60000")
    rig.claim("warm up: makes the group")
    with rig.unchanged():
        claimed = rig.claim("U")
    assert claimed.jobs == []
    assert not claimed.more
    assert 50_000 < claimed.next_due_ms <= 60_000


def test_claim_of_an_overdue_job_waits_for_its_promotion(rig: Rig) -> None:
    rig.enqueue("a", due="+-60000")
    claimed = rig.claim()
    assert (claimed.jobs, claimed.next_due_ms) == ([], 0)


def test_the_same_token_again_gives_the_same_jobs_and_changes_but_the_lease(rig: Rig) -> None:
    rig.enqueue("a", "b", "c")
    first = rig.claim("T", limit=2)
    with rig.unchanged("leases"):
        again = rig.claim("T", limit=2)
    assert again.jobs == first.jobs
    assert (again.next_due_ms, again.gate_ms, again.more, again.expired) == (-1, -1, False, 0)
    rig.ack("a")
    with rig.unchanged("leases"):
        assert rig.claimed("T") == ["b"]


def test_the_same_token_again_is_a_whole_lease_again(rig: Rig) -> None:
    rig.running("a", "b")
    rig.admin.zadd(rig.keys.key("leases"), {"T": rig.now_ms() + 1})
    assert rig.claimed("T") == ["a", "b"]
    left = float(rig.admin.zscore(rig.keys.key("leases"), "T") or 0) - rig.now_ms()
    assert LEASE_MS / 2 < left <= LEASE_MS


def test_the_same_token_again_leaves_out_what_was_lost(rig: Rig) -> None:
    rig.running("a", "b")
    rig.release("a")
    assert rig.claimed("U", limit=1) == ["a"]
    with rig.unchanged("leases"):
        assert rig.claimed("T") == ["b"]


def test_returned_goes_before_stranded_goes_before_the_stream(rig: Rig) -> None:
    rig.running("a", "b", "c", "d")
    rig.release("c", "a")
    rig.strand("b")
    rig.enqueue("e")
    rig.ack("d")
    before = rig.state()
    assert rig.claimed("U", worker="v", tasks=["other", "t"]) == ["a", "c", "b", "e"]
    rig.after(
        before,
        state={
            "a": "R 1 0 e1 U now",
            "b": "R 1 0 e2 U now",
            "c": "R 1 0 e3 U now",
            "e": "R 1 0 e4 U now",
        },
        leases={"U": "+30s"},
        claims={"U": "v 4 a c b e"},
        held={"U": "4"},
        returned=None,
        stranded=None,
        pending={"e1": "v", "e2": "v", "e3": "v", "e4": "v"},
    )


def test_a_full_claim_of_returned_jobs_leaves_the_rest_in_place(rig: Rig) -> None:
    rig.running("a", "b", "c")
    rig.release("a", "b", "c")
    assert rig.claim("U", limit=2).more
    assert rig.state()["returned"] == {"c": "e3"}


def test_stranded_jobs_are_only_for_who_names_their_task(rig: Rig) -> None:
    rig.running("a", "b", task="t.x")
    rig.strand("a", "b", task="t.x")
    for tasks in ((), ("t",), ("t.x1", "t.", "x")):
        claimed = rig.claim("U", tasks=tasks)
        assert (claimed.jobs, claimed.stranded) == ([], True)
    claimed = rig.claim("U", tasks=["t", "t.x", "t.x"])
    assert ([job.id for job in claimed.jobs], claimed.stranded) == (["a", "b"], False)
    assert rig.state()["held"] == {"U": "2"}


def test_claim_passes_the_wake_marker_on_while_more_may_be_there(rig: Rig) -> None:
    rig.enqueue("a", "b")
    rig.admin.delete(rig.keys.key("wake"))
    rig.claim("T", limit=1)
    assert rig.state()["wake"] == ["1"]
    rig.admin.delete(rig.keys.key("wake"))
    rig.claim("U", limit=5)
    assert "wake" not in rig.state()


def test_a_job_past_its_expiry_ends_without_a_run(rig: Rig) -> None:
    rig.enqueue("a", expires="+-5")
    rig.enqueue("b", expires="+60000")
    assert rig.wait("a") == ["waiting"]
    before = rig.state()
    with rig.listening() as heard:
        claimed = rig.claim()
    assert ([job.id for job in claimed.jobs], claimed.expired) == (["b"], 1)
    assert [operations.parse_message(message)[0] for message in heard] == ["a"]
    rig.after(
        before,
        jobs={"b": "xe2 t x=+60s\n\x93abc"},
        state={"b": "R 1 0 e2 T now"},
        stream={"e2": "b"},
        pending={"e2": "w"},
        leases={"T": "+30s"},
        claims={"T": "w 1 b"},
        held={"T": "1"},
        waiters=None,
        results={"a": "expired now 0 0 t\n"},
        results_expiry={"a": "+3600s"},
        dropped=["a expired 0 0 now t"],
        counts={"enqueued": 2, "expired": 1},
    )


def test_a_returned_job_past_its_expiry_leaves_nothing_behind(rig: Rig) -> None:
    jobs = [NewJob("a", "t", BODY, expires="+60000")]
    rig.run(operations.enqueue(rig.keys, producer="p", counter=1, jobs=jobs))
    rig.claim()
    rig.run(operations.progress(rig.keys, jobs=[("a", "T", b"half")]))
    rig.release("a")
    rig.admin.hset(rig.keys.key("jobs"), "a", b"x1-1 t x=1\n\x93abc")
    assert rig.claim("U").expired == 1
    left = rig.state()
    assert not {"jobs", "state", "returned", "progress", "pending", "stream"} & {
        key for key, value in left.items() if value
    }


def test_a_lost_group_is_made_again_and_nothing_runs_twice(rig: Rig) -> None:
    rig.running("run", "back", "side", "gone")
    rig.release("back")
    rig.strand("side")
    rig.enqueue("new")
    rig.lose_group()
    rig.ack("gone")
    claimed = [rig.claimed(f"U{i}", limit=2, worker="v") for i in range(3)]
    assert claimed in ([["back"], ["new"], []], [["back"], [], ["new"]])
    assert rig.state()["state"]["run"] == "R 1 0 e1 T now"
    assert rig.claimed("U9", tasks=["t"]) == ["side"]
    assert rig.violations() == []
    assert rig.ack("run") == ["OK"]


def test_one_claim_that_heals_a_lost_group_hands_nothing_out_twice(rig: Rig) -> None:
    rig.running("run", "back", "side")
    rig.release("back")
    rig.strand("side")
    rig.enqueue("new")
    rig.lose_group()
    assert rig.claimed("U", tasks=["t"]) == ["back", "side", "new"]
    assert rig.state()["held"] == {"T": "1", "U": "3"}
    assert rig.violations() == []


def test_a_lost_group_is_made_again_when_only_returned_jobs_are_claimed(rig: Rig) -> None:
    rig.running("a", "b")
    rig.release("a", "b")
    rig.lose_group()
    assert rig.claimed("U", limit=2) == ["a", "b"]
    assert rig.claimed("V") == []
    assert rig.violations() == []


@pytest.mark.parametrize("limit", [1, 10])
def test_an_entry_of_a_job_that_is_elsewhere_is_dropped(rig: Rig, limit: int) -> None:
    stream = rig.keys.key("stream")
    rig.enqueue("later", due="+60000")
    rig.dead("dead")
    rig.running("run")
    for id_ in ("later", "dead", "run", "nobody"):
        rig.admin.xadd(stream, {"i": id_})
    before = rig.state()
    for i in range(5):
        assert rig.claimed(f"U{i}", limit=limit) == []
    rig.after(before, stream={"e2": "run"}, pending={"e2": "w"}, wake=["1"])


def test_claim_over_200_hands_out_200(rig: Rig) -> None:
    for batch in range(3):
        rig.enqueue(*(f"{batch}-{i}" for i in range(100)))
    assert len(rig.claimed("T", limit=1000)) == 200


def test_a_claim_sent_ahead_by_a_worker_forgotten_since_takes_nothing_and_passes_the_marker_on(
    rig: Rig,
) -> None:
    rig.enqueue("a")
    rig.claim("warm-up")  # makes the group
    rig.release("a", token="warm-up")
    rig.admin.delete(rig.keys.key("wake"))
    before = rig.state()
    claimed = rig.claim("T", armed=True)
    assert (claimed.jobs, claimed.more) == ([], True)
    rig.after(before, wake=["1"])
    rig.worker_is("w", alive=False)
    assert rig.claimed("T", armed=True) == ["a"], "as long as it is known, it may"
    rig.ack("a")


def test_an_outcome_may_be_kept_for_no_time_at_all(rig: Rig) -> None:
    rig.enqueue("old", expires="+-5")
    call = operations.claim(
        rig.keys, worker="w", token="T", lease_ms=LEASE_MS, limit=1, result_ttl_ms=0
    )
    assert rig.run(call).expired == 1
    assert rig.wait("old") == ["unknown"], "it is past its end"


def test_a_job_that_expires_after_its_first_run_leaves_nothing_behind(rig: Rig) -> None:
    rig.enqueue("a", expires="+60000")
    rig.claim("T1")
    rig.run(operations.checkpoint(rig.keys, lease_ms=LEASE_MS, jobs=[("a", "T1", b"here")]))
    rig.retry("a", token="T1", delay_ms=0)
    rig.run(operations.promote(rig.keys))
    record = re.sub(r"x=\d+", "x=1", rig.snapshot()["jobs"]["a"])
    rig.admin.hset(rig.keys.key("jobs"), "a", record)
    assert {"errors", "checkpoints"} <= set(rig.state())
    assert rig.claim("T2").expired == 1
    assert not {"errors", "checkpoints", "progress", "jobs", "state"} & set(rig.state())


@pytest.mark.no_audit("a transition was refused half way")
@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
@pytest.mark.parametrize("refused", ["xreadgroup", "xclaim"])
def test_a_user_who_may_not_use_the_group_is_told_that(rig: Rig, refused: str) -> None:
    rig.running("a")
    rig.admin.acl_setuser(
        "narrow", enabled=True, nopass=True, keys=["*"], commands=["+@all", f"-{refused}"]
    )
    with (
        redis.Redis.from_url(rig.server.url, username="narrow", password="any") as rig.user,
        pytest.raises(redis.ResponseError, match="has no permissions to run"),
    ):
        rig.claim("U") if refused == "xreadgroup" else rig.release("a")
    rig.admin.acl_deluser("narrow")


@pytest.mark.no_audit("a foreign value stands where the stream was")
@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_a_claim_that_needs_nothing_of_the_stream_is_refused_where_that_is_foreign(
    rig: Rig,
) -> None:
    rig.running("a")
    rig.release("a")
    rig.admin.set(rig.keys.key("stream"), "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.claim("U", limit=1)


@pytest.mark.no_audit("a foreign value stands in a key of the line")
@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_a_claim_that_names_one_task_looks_at_the_line_before_it_writes(rig: Rig) -> None:
    rig.running("a", opts="q=|cone=1")
    rig.strand("a")
    rig.admin.set(rig.keys.key("line"), "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.claim("U", tasks=["t"])

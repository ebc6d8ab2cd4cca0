"""cancel: ends what has not started, wherever it waits."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import HOUR_MS, Rig


def cancel(rig: Rig, *ids: str) -> list[str]:
    return rig.run(operations.cancel(rig.keys, ids=ids, result_ttl_ms=HOUR_MS))


def test_cancel_ends_jobs_wherever_they_wait_and_nothing_of_them_stays(rig: Rig) -> None:
    rig.running("back", "side", "again", "due", "dies")
    rig.run(operations.progress(rig.keys, jobs=[("back", "T", b"1"), ("side", "T", b"1")]))
    rig.release("back")
    rig.strand("side")
    rig.retry("again")
    rig.retry("due", delay_ms=0)
    rig.run(operations.promote(rig.keys, limit=10))
    rig.bury("dies")
    rig.run(operations.revive(rig.keys, ids=["dies"]))
    rig.enqueue("new")
    rig.enqueue("later", due="+60000")
    ids = ["back", "side", "again", "due", "dies", "new", "later"]
    before = rig.state()
    assert cancel(rig, *ids) == ["OK"] * 7
    attempts = {"back": 0, "side": 0, "again": 1, "due": 1, "dies": 0, "new": 0, "later": 0}
    gone = ("jobs", "state", "returned", "stranded", "scheduled", "errors", "pending")
    rig.after(
        before,
        **dict.fromkeys(gone),
        stream={},
        results={i: f"cancelled now {n} 0 t\n" for i, n in attempts.items()},
        results_expiry=dict.fromkeys(ids, "+3600s"),
        dropped=[f"{i} cancelled {attempts[i]} 0 now t" for i in reversed(ids)],
        counts={**before["counts"], "cancelled": 7},
    )


def test_cancel_leaves_running_and_dead_jobs_alone(rig: Rig) -> None:
    rig.running("run")
    rig.dead("dead")
    rig.running("ends", token="U")
    rig.ack("ends", token="U")
    with rig.unchanged():
        expected = ["RUNNING", "DEAD", "ENDED", "ENDED"]
        assert cancel(rig, "run", "dead", "ends", "nobody") == expected


def test_cancel_again_or_twice_in_one_call_ends_it_once(rig: Rig) -> None:
    rig.enqueue("a", "b")
    assert cancel(rig, "a", "a") == ["OK", "ENDED"]
    assert rig.state()["counts"] == {"enqueued": 2, "cancelled": 1}
    with rig.unchanged():
        assert cancel(rig, "a") == ["ENDED"]


def test_cancel_tells_who_waits(rig: Rig) -> None:
    rig.enqueue("a")
    rig.wait("a")
    with rig.listening() as heard:
        cancel(rig, "a")
    [message] = heard
    outcome = operations.parse_message(message)[1]
    assert outcome is not None
    assert outcome.kind == "cancelled"
    assert "waiters" not in rig.state()


def test_a_cancelled_job_is_never_claimed(rig: Rig) -> None:
    rig.enqueue("a", "b")
    cancel(rig, "a")
    assert rig.claimed("T") == ["b"]


def test_cancel_while_the_group_is_lost_works(rig: Rig) -> None:
    rig.running("a")
    rig.release("a")
    rig.lose_group()
    assert cancel(rig, "a") == ["OK"]
    assert rig.claimed("U") == []


def test_a_damaged_record_can_be_cancelled(rig: Rig) -> None:
    rig.running("a")
    rig.release("a")
    rig.admin.hset(rig.keys.key("jobs"), "a", b"rubbish")
    assert cancel(rig, "a") == ["OK"]

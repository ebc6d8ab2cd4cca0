"""cancel: ends what has not started, wherever it waits; asks for the end of what runs."""

from __future__ import annotations

from streamq import operations
from tests.lua.rig import Rig


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
    assert rig.cancel(*ids) == ["OK"] * 7
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


def test_cancel_of_a_running_job_is_noted_and_named_to_its_worker(rig: Rig) -> None:
    rig.running("run", "other")
    before = rig.state()
    assert rig.cancel("run") == ["ASKED"]
    state = {**before["state"], "run": before["state"]["run"] + " 3600000:100000:w!"}
    rig.after(before, state=state, cancelling={"w run": 0})
    with rig.unchanged():
        assert rig.cancel("run", "run") == ["ASKED", "ASKED"]
        assert rig.cancel("run", tell=False) == ["ASKED"]


def test_cancel_without_telling_lets_the_run_go_on_as_its_last(rig: Rig) -> None:
    rig.running("run", "told")
    assert rig.cancel("run", "told", tell=False) == ["ASKED", "ASKED"]
    assert "cancelling" not in rig.state()
    assert rig.cancel("told") == ["ASKED"]
    assert rig.state()["cancelling"] == {"w told": 0}
    assert rig.retry("run", "told") == ["CANCELLED", "CANCELLED"]
    assert "cancelling" not in rig.state()


def test_a_job_that_ends_by_itself_stays_ended_although_it_was_to_be_cancelled(rig: Rig) -> None:
    rig.running("done", "fails")
    rig.cancel("done", "fails")
    assert rig.ack("done") == ["OK"]
    assert rig.bury("fails") == ["OK"]
    after = rig.state()
    assert after["results"] == {"done": "ok now 1 3 t@w\nvalue"}
    assert list(after["dead"]) == ["fails"]
    assert not after.keys() & {"cancelling", "leases", "claims", "held"}


def test_cancel_leaves_dead_and_ended_jobs_alone(rig: Rig) -> None:
    rig.dead("dead")
    rig.running("ends", token="U")
    rig.ack("ends", token="U")
    with rig.unchanged():
        assert rig.cancel("dead", "ends", "nobody") == ["DEAD", "ENDED", "UNKNOWN"]


def test_cancel_again_or_twice_in_one_call_ends_it_once_with_the_same_answer(rig: Rig) -> None:
    rig.enqueue("a", "b")
    assert rig.cancel("a", "a") == ["OK", "OK"]
    assert rig.state()["counts"] == {"enqueued": 2, "cancelled": 1}
    with rig.unchanged():
        assert rig.cancel("a") == ["OK"]


def test_cancel_tells_who_waits(rig: Rig) -> None:
    rig.enqueue("a")
    rig.wait("a")
    with rig.listening() as heard:
        rig.cancel("a")
    [message] = heard
    outcome = operations.parse_message(message)[1]
    assert outcome is not None
    assert outcome.kind == "cancelled"
    assert "waiters" not in rig.state()


def test_a_cancelled_job_is_never_claimed(rig: Rig) -> None:
    rig.enqueue("a", "b")
    rig.cancel("a")
    assert rig.claimed("T") == ["b"]


def test_a_repeated_claim_still_brings_a_job_whose_end_is_asked_for(rig: Rig) -> None:
    rig.running("a")
    rig.cancel("a")
    assert rig.claimed("T") == ["a"]


def test_cancel_while_the_group_is_lost_works(rig: Rig) -> None:
    rig.running("a")
    rig.release("a")
    rig.lose_group()
    assert rig.cancel("a") == ["OK"]
    assert rig.claimed("U") == []


def test_a_damaged_record_can_be_cancelled(rig: Rig) -> None:
    rig.running("a", "run")
    rig.release("a")
    rig.admin.hset(rig.keys.key("jobs"), "a", b"rubbish")
    assert rig.cancel("a") == ["OK"]
    rig.admin.hset(rig.keys.key("jobs"), "run", b"rubbish")
    assert rig.cancel("run") == ["ASKED"]
    assert rig.release("run") == ["CANCELLED"]


def test_a_parked_job_that_nobody_waits_behind_wakes_nobody(rig: Rig) -> None:
    rig.enqueue("runs", "waits", opts="q=|cone=1")
    assert rig.claimed("T") == ["runs"]
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.cancel("waits") == ["OK"]
    assert "wake" not in rig.state()

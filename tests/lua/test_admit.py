"""admit: calls with the same unique key make one job; a budget is checked before any write."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from streamq import operations as op
from streamq.errors import QueueFull
from streamq.operations import Budget, Idempotency, NewJob
from tests.lua.rig import BODY, HOUR_MS, Rig


def one(id_: str, mode: str = "return", letters: str = "swr", **more: Any) -> NewJob:
    """A call under the key ab."""
    more.setdefault("unique", f"u=ab:{letters}:{mode}")
    return NewJob(**{"id": id_, "task": "t", "body": BODY, **more})


def debounced(id_: str, quiet_ms: int = 2000, longest_ms: int = 9000, **more: Any) -> NewJob:
    unique = f"u=ab:sw:replace,d={quiet_ms}:{longest_ms}"
    return one(id_, unique=unique, due=f"+{quiet_ms}", **more)


def holder(rig: Rig) -> str | None:
    found = rig.admin.hget(rig.keys.key("unique"), "ab")
    return None if found is None else bytes(found).decode()  # type: ignore[arg-type]


def running(rig: Rig, mode: str = "return", letters: str = "swr") -> None:
    """Job a runs, under T."""
    assert rig.admit(one("a", mode, letters)) == [("OK", "a")]
    assert rig.claimed() == ["a"]


def test_calls_with_one_key_make_one_job_and_all_get_its_id(rig: Rig) -> None:
    assert rig.admit(one("a"), one("b")) == [("OK", "a"), ("EXISTS", "a")]
    assert rig.admit(one("c"), producer="other") == [("EXISTS", "a")]
    assert rig.state() == {
        "schema": "1",
        "jobs": {"a": "xe1 t u=ab:swr:return\n\x93abc"},
        "stream": {"e1": "a"},
        "unique": {"ab": "a"},
        "counts": {"enqueued": 1},
        "wake": ["1"],
        "producer:p": "1 a 2 2=EXISTS=a",
        "producer:other": "1 c 1 1=EXISTS=a",
    }


def test_a_repeat_gets_the_same_answer_though_the_job_has_ended_meanwhile(rig: Rig) -> None:
    rig.admit(one("a"), producer="first")
    call = op.admit(rig.keys, producer="p", counter=1, jobs=[one("b"), one("c", "raise")])
    assert [(each.word, each.id) for each in rig.run(call)] == [("EXISTS", "a"), ("TAKEN", "a")]
    rig.claim()
    rig.ack("a")
    with rig.unchanged():
        again = [(each.word, each.id) for each in rig.run(call)]
    assert again == [("EXISTS", "a"), ("TAKEN", "a")]


@pytest.mark.parametrize("end", ["ack", "bury", "cancel", "expire", "poison"])
def test_every_end_frees_the_key(rig: Rig, end: str) -> None:
    if end == "cancel":
        rig.admit(one("a"))
        assert rig.run(op.cancel(rig.keys, ids=["a"], result_ttl_ms=HOUR_MS)) == ["OK"]
    elif end == "expire":
        rig.admit(one("a", expires="+-5"))
        assert rig.claim().expired == 1
    else:
        rig.admit(one("a", opts="c=1"))
        rig.claim()
        if end == "poison":
            assert rig.release("a", crashed=True) == ["POISON"]
        else:
            assert getattr(rig, end)("a") == ["OK"]
    assert holder(rig) is None
    assert rig.admit(one("b")) == [("OK", "b")]


@pytest.mark.parametrize("step", ["retry", "release", "strand", "reclaim"])
def test_what_is_no_end_keeps_the_key(rig: Rig, step: str) -> None:
    running(rig)
    if step == "reclaim":
        rig.lapse("T")
        assert rig.reclaim().returned == 1
    else:
        assert getattr(rig, step)("a") == ["OK"]
    assert rig.admit(one("b")) == [("EXISTS", "a")]


def test_a_key_that_is_held_until_the_start_is_free_once_the_job_runs(rig: Rig) -> None:
    running(rig, letters="sw")
    assert holder(rig) is None
    assert rig.admit(one("b", letters="sw")) == [("OK", "b")]
    rig.retry("a")
    assert holder(rig) == "b"
    rig.claim("T2")
    rig.ack("b", token="T2")
    assert holder(rig) is None


def test_a_job_that_is_scheduled_again_takes_its_key_if_it_is_free(rig: Rig) -> None:
    running(rig, letters="sw")
    rig.retry("a", delay_ms=0)
    assert holder(rig) == "a"
    rig.run(op.promote(rig.keys, limit=1))
    assert rig.admit(one("b")) == [("EXISTS", "a")]


def test_a_key_of_scheduled_jobs_only_is_free_once_they_are_due(rig: Rig) -> None:
    rig.admit(one("a", letters="s", due="+0"))
    assert holder(rig) == "a"
    assert rig.run(op.promote(rig.keys, limit=1)).moved == 1
    assert holder(rig) is None


def test_raise_names_the_job_and_changes_nothing_else(rig: Rig) -> None:
    rig.admit(one("a"))
    with rig.unchanged("producer:p"):
        assert rig.admit(one("b", "raise")) == [("TAKEN", "a")]


def test_replace_gives_a_waiting_job_new_arguments_in_its_old_place(rig: Rig) -> None:
    rig.admit(one("a"), one("x", unique=""))
    assert rig.admit(one("b", "replace", body=b"\x93new")) == [("REPLACED", "a")]
    claimed = rig.claim().jobs
    assert [(job.id, job.record.body) for job in claimed] == [("a", b"\x93new"), ("x", BODY)]


@pytest.mark.parametrize("place", ["due", "retry", "release", "strand"])
def test_replace_finds_the_job_in_any_place_and_it_starts_anew(rig: Rig, place: str) -> None:
    if place == "due":
        rig.admit(one("a", due="+60000"))
    else:
        running(rig)
        assert getattr(rig, place)("a") == ["OK"]
        rig.admin.hset(rig.keys.key("checkpoints"), "a", "half")
    assert rig.admit(one("b", "replace", body=b"\x93new")) == [("REPLACED", "a")]
    assert not {"errors", "checkpoints"} & rig.snapshot().keys()
    jobs = rig.claim("T2", tasks=["t"]).jobs
    assert [(job.id, job.attempt, job.record.body) for job in jobs] == [("a", 1, b"\x93new")]


@pytest.mark.parametrize("place", ["waiting", "due", "retry", "release", "strand"])
def test_replace_for_later_schedules_the_job_from_any_place(rig: Rig, place: str) -> None:
    if place in {"waiting", "due"}:
        rig.admit(one("a", due="0" if place == "waiting" else "+600000"))
    else:
        running(rig)
        assert getattr(rig, place)("a") == ["OK"]
    assert rig.admit(one("b", "replace", due="+60000")) == [("REPLACED", "a")]
    state = rig.state()
    assert state["scheduled"] == {"a": "+60s"}
    assert not {"stream", "returned", "stranded"} & {k for k, v in state.items() if v}


def test_replace_leaves_a_running_job_alone(rig: Rig) -> None:
    running(rig)
    with rig.unchanged("producer:p"):
        assert rig.admit(one("b", "replace")) == [("EXISTS", "a")]


@pytest.mark.parametrize("end", ["ack", "bury", "poison"])
def test_queue_one_keeps_the_newest_call_and_starts_it_when_the_other_ends(
    rig: Rig, end: str
) -> None:
    rig.admit(one("a", opts="c=1"))
    rig.claim()
    assert rig.admit(one("b", "queue_one")) == [("OK", "b")]
    assert rig.admit(one("c", "queue_one", body=b"\x93new")) == [("REPLACED", "b")]
    assert rig.claimed("T2") == []
    assert rig.release("a", crashed=True) if end == "poison" else getattr(rig, end)("a")
    assert holder(rig) == "b"
    (job,) = rig.claim("T3").jobs
    assert (job.id, job.attempt, job.record.body) == ("b", 1, b"\x93new")


def test_a_crash_or_a_retry_is_no_end_and_lets_no_heir_go(rig: Rig) -> None:
    running(rig)
    rig.admit(one("b", "queue_one"))
    rig.release("a", crashed=True)
    assert rig.claimed("T2") == ["a"]
    rig.retry("a", token="T2", delay_ms=0)
    rig.run(op.promote(rig.keys, limit=1))
    assert rig.claimed("T3") == ["a"]
    rig.ack("a", token="T3")
    assert rig.claimed("T4") == ["b"]


def test_an_heir_that_is_cancelled_leaves_nothing(rig: Rig) -> None:
    running(rig)
    rig.admit(one("b", "queue_one"))
    assert rig.run(op.cancel(rig.keys, ids=["b"], result_ttl_ms=HOUR_MS)) == ["OK"]
    assert "heirs" not in rig.snapshot()
    rig.ack("a")
    assert rig.claimed("T2") == []


def test_an_heir_for_later_is_scheduled_when_the_other_ends(rig: Rig) -> None:
    running(rig)
    rig.admit(one("b", "queue_one", due="+60000"))
    rig.ack("a")
    assert rig.state()["scheduled"] == {"b": "+60s"}
    assert holder(rig) == "b"


def test_a_debounced_job_is_due_after_so_much_quiet_but_no_later_than_its_longest_wait(
    rig: Rig,
) -> None:
    rig.admit(debounced("a", 60_000, 90_000))
    assert rig.state()["scheduled"] == {"a": "+60s"}
    begun = rig.now_ms() - 50_000
    record = rig.snapshot()["jobs"]["a"].replace(
        f"f={rig.now_ms() // 10**6}", f"f={begun // 10**6}"
    )
    head, _, body = record.partition("\n")
    early = f"{head.rpartition(',f=')[0]},f={begun}\n{body}".encode("latin-1")
    rig.admin.hset(rig.keys.key("jobs"), "a", early)
    assert rig.admit(debounced("b", 60_000, 90_000, body=b"\x93new")) == [("REPLACED", "a")]
    assert rig.state()["scheduled"] == {"a": "+40s"}
    assert f",f={begun}\n" in rig.snapshot()["jobs"]["a"]


def test_a_debounced_call_changes_a_job_that_is_due_but_keeps_it_in_line(rig: Rig) -> None:
    rig.admit(debounced("a", 1, 9))
    rig.admin.zadd(rig.keys.key("scheduled"), {"a": 1})
    rig.run(op.promote(rig.keys, limit=1))
    assert rig.admit(debounced("b", 60_000, 90_000, body=b"\x93new")) == [("REPLACED", "a")]
    (job,) = rig.claim().jobs
    assert job.record.body == b"\x93new"


def test_an_idempotency_key_remembers_the_job_that_the_call_stands_for(rig: Rig) -> None:
    rig.admit(one("a"))
    key = Idempotency("k", "args", HOUR_MS)
    assert rig.admit(one("b", idempotency=key), one("c", idempotency=key)) == [
        ("EXISTS", "a"),
        ("EXISTS", "a"),
    ]
    rig.claim()
    rig.ack("a")
    assert rig.admit(one("d", idempotency=key)) == [("EXISTS", "a")]


def test_an_older_jobs_id_in_the_same_call_stands_for_itself(rig: Rig) -> None:
    key = Idempotency("k1", "x", HOUR_MS)
    rig.admit(one("a"))
    again = NewJob("a", "t", BODY, idempotency=key)
    assert rig.admit(one("b", idempotency=key), again)[0] == ("EXISTS", "a")
    assert rig.admit(one("d", idempotency=key)) == [("EXISTS", "a")]


def test_a_dead_job_is_not_revived_while_another_has_its_key(rig: Rig) -> None:
    running(rig)
    rig.bury("a")
    rig.admit(one("b"))
    with rig.unchanged():
        assert rig.run(op.revive(rig.keys, ids=["a"])) == ["TAKEN"]
    rig.claim("T2")
    rig.ack("b", token="T2")
    assert rig.run(op.revive(rig.keys, ids=["a"])) == ["OK"]
    assert holder(rig) == "a"


def test_a_full_queue_refuses_the_whole_call_and_changes_nothing(rig: Rig) -> None:
    budget = Budget(max_jobs=3)
    jobs = [NewJob(i, "t", BODY) for i in "abcd"]
    rig.admit(*jobs[:2], budget=budget)
    with rig.unchanged(), pytest.raises(QueueFull) as caught:
        rig.admit(*jobs[2:], budget=budget)
    rig._counters["p"] -= 1
    error = caught.value
    assert (error.queue, error.budget, error.used, error.limit, error.asked) == (
        *("q", "max_jobs", 2, 3, 2),
    )
    assert rig.admit(jobs[2], budget=budget) == [("OK", "c")]


def test_bytes_come_and_go_with_their_jobs_and_the_dead_do_not_count(rig: Rig) -> None:
    budget = Budget(max_bytes=10)
    assert rig.admit(NewJob("a", "t", BODY), NewJob("b", "t", BODY), budget=budget)
    assert rig.state()["counts"]["bytes"] == 8
    with pytest.raises(QueueFull, match="8 of max_bytes=10 bytes, 4 more"):
        rig.admit(NewJob("c", "t", BODY), budget=budget, producer="other")
    rig.claim()
    rig.ack("a")
    rig.bury("b")
    assert rig.state()["counts"]["bytes"] == 0
    rig.run(op.revive(rig.keys, ids=["b"]))
    assert rig.state()["counts"]["bytes"] == 4


def test_a_call_that_finds_its_key_held_is_answered_however_full_the_queue_is(rig: Rig) -> None:
    budget = Budget(max_jobs=1)
    assert rig.admit(one("a"), budget=budget) == [("OK", "a")]
    assert rig.admit(one("b"), budget=budget) == [("EXISTS", "a")]


@pytest.mark.parametrize(
    "opts", ["u=xyz:swr:return", "u=ab:swr", "u=ab:sw:replace,d=x", "d=5:9", "z=many"]
)
def test_options_that_cannot_be_read_are_refused_and_change_nothing(rig: Rig, opts: str) -> None:
    rig.enqueue("before")
    call = op.admit(rig.keys, producer="p", counter=2, jobs=[one("a", due="+5"), one("b")])
    args = [*call.args[:-2], opts, call.args[-1]]  # of the last one
    first = [opts if n == len(call.args) - 9 else arg for n, arg in enumerate(call.args)]
    for each in (args, first):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="expected"):
            rig.raw(call, each)


def test_a_budget_that_cannot_be_read_is_refused(rig: Rig) -> None:
    call = op.admit(rig.keys, producer="p", counter=1, jobs=[one("a")], budget=Budget(max_jobs=9))
    at = call.args.index("9 ")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="a budget as"):
        rig.raw(call, [*call.args[:at], "nine", *call.args[at + 1 :]])


def test_bytes_are_those_of_the_call_that_replaced(rig: Rig) -> None:
    budget = Budget(max_bytes=100)
    rig.admit(one("a", "replace", body=b"12345"), budget=budget)
    rig.admit(one("b", "replace", body=b"123"), budget=budget)
    assert rig.state()["counts"] == {"enqueued": 1, "replaced": 1, "bytes": 3}


def test_an_heir_whose_time_has_come_waits_at_once_a_later_one_until_then(rig: Rig) -> None:
    for due, place in (("+-5000", "W"), ("+60000", "S")):
        running(rig)
        rig.admit(one("next", "queue_one", due=due))
        rig.ack("a", ttl_ms=0)
        assert rig.state()["state"]["next"][0] == place
        rig.cancel("next")


def test_a_key_for_what_waits_is_free_when_the_line_lets_its_job_go(rig: Rig) -> None:
    rig.admit(one("a", letters="w", opts="q=lane"))
    assert holder(rig) == "a"
    assert rig.claimed() == ["a"]
    assert holder(rig) is None

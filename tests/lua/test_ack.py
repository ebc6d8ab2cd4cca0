"""ack: succeeded, once, by its holder only, with all that follows in the same step."""

from __future__ import annotations

import pytest
import redis

from streamq import operations
from tests.lua.rig import BODY, HOUR_MS, Rig


def test_ack_ends_the_job_with_its_result(rig: Rig) -> None:
    rig.running("a", "b")
    before = rig.state()
    assert rig.ack("a") == ["OK"]
    rig.after(
        before,
        jobs={"b": ".e2 t -\n\x93abc"},
        state={"b": "R 1 0 e2 T now"},
        stream={"e2": "b"},
        pending={"e2": "w"},
        held={"T": "1"},
        results={"a": "ok now 1 3 t@w\nvalue"},
        results_expiry={"a": "+3600s"},
        ended__t=["a ok 1 3 now w"],
        counts={"enqueued": 2, "succeeded": 1},
        replies={"w": "1 OK*1"},
    )


def test_ack_of_the_last_job_ends_the_claim(rig: Rig) -> None:
    rig.running("a", "b")
    before = rig.state()
    assert rig.ack("b", "a", kind="none", ttl_ms=0) == ["OK", "OK"]
    gone = dict.fromkeys(("jobs", "state", "pending", "leases", "claims", "held"))
    rig.after(
        before,
        **gone,
        stream={},
        ended__t=["a none 1 3 now w", "b none 1 3 now w"],
        counts={"enqueued": 2, "succeeded": 2},
        replies={"w": "1 OK*2"},
    )


def test_ack_of_several_tasks_keeps_a_list_for_each(rig: Rig) -> None:
    rig.running("a", "b", "c")
    jobs = [operations.Ack(i, "T", task, "ok", 1, 0) for i, task in zip("abc", "uvu", strict=True)]
    rig.run(operations.ack(rig.keys, worker="w", seq=1, jobs=jobs))
    state = rig.state()
    assert state["ended:u"] == ["c ok 1 1 now w", "a ok 1 1 now w"]
    assert state["ended:v"] == ["b ok 1 1 now w"]


def test_ack_again_is_already_and_changes_nothing_even_when_the_job_is_gone(rig: Rig) -> None:
    rig.running("a", "b")
    jobs = [operations.Ack(i, "T", "t", "ok", 3, HOUR_MS) for i in ("a", "nobody")]
    call = operations.ack(rig.keys, worker="w", seq=1, jobs=jobs)
    assert rig.run(call) == ["OK", "LEASELOST"]
    with rig.unchanged():
        assert rig.run(call) == ["ALREADY", "LEASELOST"]


def test_a_call_from_long_ago_is_not_answered_from_memory(rig: Rig) -> None:
    rig.running("a", "b")
    first = operations.ack(
        rig.keys, worker="w", seq=1, jobs=[operations.Ack("a", "T", "t", "ok", 3, HOUR_MS)]
    )
    rig.run(first)
    rig.next_seq()
    assert rig.ack("b") == ["OK"]  # the second call
    with rig.unchanged("replies"):
        assert rig.run(first) == ["LEASELOST"]


def test_ack_with_another_token_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a", "b")
    with rig.unchanged("replies"):
        assert rig.ack("a", token="other") == ["LEASELOST"]
        assert rig.ack("nobody") == ["LEASELOST"]
        assert rig.ack("a", "b", "a", token="") == ["LEASELOST"] * 3


def test_ack_after_reclaim_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    rig.reclaim()
    with rig.unchanged("replies"):
        assert rig.ack("a") == ["LEASELOST"]
    assert rig.claimed("U") == ["a"]  # the same worker process has it again
    with rig.unchanged("replies"):
        assert rig.ack("a", token="T") == ["LEASELOST"]
    assert rig.ack("a", token="U") == ["OK"]


def test_ack_after_the_deadline_but_before_reclaim_is_its_holders(rig: Rig) -> None:
    rig.running("a")
    rig.lapse("T")
    assert rig.ack("a") == ["OK"]


def test_ack_naming_a_job_twice_ends_it_once(rig: Rig) -> None:
    rig.running("a", "b")
    assert rig.ack("a", "a") == ["OK", "ALREADY"]
    state = rig.state()
    assert state["held"] == {"T": "1"}
    assert state["counts"]["succeeded"] == 1
    assert state["ended:t"] == ["a ok 1 3 now w"]


def test_ack_of_a_retried_or_revived_job_forgets_its_last_failure_and_progress(rig: Rig) -> None:
    rig.dead("a")
    rig.run(operations.revive(rig.keys, ids=["a"]))
    assert rig.state()["errors"] == {"a": "oops"}
    assert rig.claimed("U") == ["a"]
    rig.run(operations.progress(rig.keys, jobs=[("a", "U", b"half")]))
    rig.ack("a", token="U")
    assert not {"errors", "progress"} & rig.state().keys()


def test_ack_tells_who_waits_once_and_forgets_them(rig: Rig) -> None:
    rig.running("a", "b")
    for channel in ("sq:streamq:reply:me", "sq:streamq:reply:you", "sq:streamq:reply:me"):
        rig.wait("a", channel=channel)
    with rig.listening() as mine, rig.listening("sq:streamq:reply:you") as yours:
        rig.ack("a", "b", ttl_ms=0)
    assert len(mine) == len(yours) == 1
    id_, outcome = operations.parse_message(mine[0])
    assert outcome is not None
    assert (id_, outcome.kind, outcome.value, outcome.task) == ("a", "ok", b"value", "t")
    assert "waiters" not in rig.state()
    assert "results" not in rig.state()


def test_outcomes_over_the_cap_go_with_the_ones_nearest_their_end(rig: Rig) -> None:
    rig.running("a", "b", "c")
    for id_, ttl_ms in (("a", 3 * HOUR_MS), ("b", HOUR_MS)):
        rig.ack(id_, ttl_ms=ttl_ms)
    call = operations.ack(
        rig.keys, worker="w", seq=9, jobs=[operations.Ack("c", "T", "t", "ok", 3, 2 * HOUR_MS)]
    )
    rig.raw(call, [*call.args[:2], 2, *call.args[3:]])  # results_cap
    assert rig.state()["results_expiry"] == {"c": "+7200s", "a": "+10800s"}
    assert set(rig.state()["results"]) == {"a", "c"}
    assert rig.state()["counts"]["outcomes_evicted"] == 1


def test_outcomes_far_over_the_cap_go_in_bounded_steps(rig: Rig) -> None:
    ids = [f"{i:02d}" for i in range(30)]
    rig.running(*ids)
    rig.ack(*ids[:-1])
    call = operations.ack(
        rig.keys, worker="w", seq=9, jobs=[operations.Ack("29", "T", "t", "ok", 3, 2 * HOUR_MS)]
    )
    rig.raw(call, [*call.args[:2], 0, *call.args[3:]])
    assert len(rig.state()["results"]) == 30 - 11


def test_a_list_of_ended_jobs_keeps_the_last_thousand(rig: Rig) -> None:
    rig.admin.rpush(rig.keys.ended("t"), *(f"{i}" for i in range(1000)))
    rig.running("a")
    rig.ack("a")
    kept = rig.state()["ended:t"]
    assert (len(kept), kept[0], kept[-1]) == (1000, "a ok 1 3 now w", "998")


def test_a_refused_call_that_comes_late_leaves_the_answer_to_a_later_one(rig: Rig) -> None:
    rig.running("a")
    jobs = [operations.Ack("a", "T", "t", "ok", 3, HOUR_MS, b"value")]
    later = operations.ack(rig.keys, worker="w", seq=9, jobs=jobs)
    assert rig.run(later) == ["OK"]
    with rig.unchanged():
        assert rig.run(operations.ack(rig.keys, worker="w", seq=8, jobs=jobs)) == ["LEASELOST"]
        assert rig.run(later) == ["ALREADY"]


def test_of_what_schedules_made_the_last_ten_thousand_ends_are_kept(rig: Rig) -> None:
    id_ = "0000001_at_00000000.q"
    ended = rig.keys.key("schedule_ended")
    rig.running(id_, "other")
    rig.admin.rpush(ended, *["0000000_at_00000000.q ok 1 3 9"] * 10_000)
    rig.ack(id_, "other")
    lines = rig.snapshot()["schedule_ended"]
    assert len(lines) == 10_000
    assert lines[0].startswith(id_)
    rig.admin.delete(ended)


def test_as_many_outcomes_as_there_may_be_are_kept(rig: Rig) -> None:
    rig.running("a", "b")
    for id_ in "ab":
        job = operations.Ack(id_, "T", "t", "ok", 3, HOUR_MS, b"value")
        call = operations.ack(rig.keys, worker="w", seq=rig.next_seq(), jobs=[job])
        rig.raw(call, [*call.args[:2], 2, *call.args[3:]])  # results_cap
    assert sorted(rig.state()["results"]) == ["a", "b"]


@pytest.mark.no_audit("an heir is made up")
@pytest.mark.parametrize("state", ["", "H 0 0 0 heir"])
def test_an_heir_of_which_nothing_is_known_is_no_heir(rig: Rig, state: str) -> None:
    rig.admit(operations.NewJob("a", "t", BODY, unique="u=ab:swr:queue_one"))
    rig.claim()
    rig.admin.hset(rig.keys.key("heirs"), "ab", "nobody")
    if state:
        rig.admin.hset(rig.keys.key("state"), "nobody", state)
    assert rig.ack("a") == ["OK"]
    assert not rig.admin.exists(rig.keys.key("unique"))
    assert not rig.admin.exists(rig.keys.key("heirs"))


@pytest.mark.no_audit("a foreign value stands where results are kept")
def test_one_result_that_cannot_be_kept_or_how_long_is_refused_and_changes_nothing(
    rig: Rig,
) -> None:
    rig.running("a")
    job = operations.Ack("a", "T", "t", "ok", 3, HOUR_MS, b"value")
    call = operations.ack(rig.keys, worker="w", seq=1, jobs=[job])
    args = [b"x" if arg in {HOUR_MS, str(HOUR_MS)} else arg for arg in call.args]
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="number"):
        rig.raw(call, args)
    rig.admin.set(rig.keys.key("results"), "foreign")
    with rig.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        rig.run(call)

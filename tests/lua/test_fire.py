"""fire: each tick makes exactly one job, whoever comes, and however often."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis

from streamq import operations as op
from streamq.operations import MARK, NewJob
from tests.lua.cases_schedules import NAME, declared, fire_call, jobs, tick_id
from tests.lua.rig import BODY, Rig

LATER = 9_007_199_254_740_991


def fire(
    rig: Rig, cursor: str = "-", overlap: str = "allow", n: int = 1, **more: object
) -> list[str]:
    return rig.run(fire_call(rig, n, cursor, overlap, **more))


def one(number: int) -> list[tuple[int, NewJob]]:
    return [(1_000 + number, NewJob(tick_id(number), "t", BODY, opts="t=1,s=shop/nightly"))]


def state(rig: Rig) -> op.ScheduleState:
    [entry] = rig.run(op.timetable(rig.keys, names=[NAME])).entries
    return entry.schedule.state


def test_fire_makes_the_job_due_at_once_and_moves_the_cursor(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, jobs=one(0)) == ["OK", "OK"]
    seen = rig.state()
    assert seen["jobs"] == {tick_id(0): ".@now t t=1,s=shop/nightly\n" + BODY.decode("latin-1")}
    assert seen["scheduled"] == {tick_id(0): "now"}
    assert seen["counts"] == {"enqueued": 1}
    assert seen["wake"] == ["1"]
    assert seen["schedule_due"] == {NAME: 5000}
    assert seen["schedule_log"] == {NAME: tick_id(0)}
    assert seen["schedule_runs"] == {tick_id(0): f"{NAME} 1000 now - 0 0"}
    assert (state(rig).cursor, state(rig).fired, state(rig).last) == ("5000", 1, tick_id(0))


def test_the_second_to_come_changes_nothing(rig: Rig) -> None:
    declared(rig, NAME)
    call = fire_call(rig, 3)
    assert rig.run(call) == ["OK", "OK", "OK", "OK"]
    with rig.unchanged():
        assert rig.run(call) == ["STALE"]
    rig.run(op.cancel(rig.keys, ids=[tick_id(i) for i in range(3)], result_ttl_ms=1000))
    with rig.unchanged():
        assert rig.run(call) == ["STALE"], "also when the jobs have ended"


@pytest.mark.parametrize("how", ["paused", "redefined", "gone", "unknown"])
def test_a_schedule_that_changed_meanwhile_fires_nothing(rig: Rig, how: str) -> None:
    if how != "unknown":
        declared(rig, NAME)
    if how == "paused":
        rig.run(op.suspend(rig.keys, schedules=[NAME], paused=True))
    elif how == "redefined":
        declared(rig, NAME, author="f2", timing="hourly")
    elif how == "gone":
        rig.run(op.withdraw(rig.keys, schedules=[NAME], hold_ms=0))
    with rig.unchanged():
        assert fire(rig) == ["STALE"]


def test_a_call_without_jobs_only_moves_the_cursor_and_counts_what_was_missed(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, jobs=[], missed=7) == ["OK"]
    assert (state(rig).cursor, state(rig).missed, state(rig).fired) == ("5000", 7, 0)
    assert "jobs" not in rig.state()


def test_after_its_last_tick_a_schedule_is_not_looked_at_any_more(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, next_cursor="end", look_at_ms=0) == ["OK", "OK"]
    assert "schedule_due" not in rig.state()
    assert state(rig).cursor == "end"


def test_an_extra_run_leaves_the_ticks_alone_also_of_a_paused_schedule(rig: Rig) -> None:
    declared(rig, NAME)
    fire(rig, jobs=one(0))
    rig.run(op.suspend(rig.keys, schedules=[NAME], paused=True))
    before = state(rig)
    call = fire_call(rig, cursor="*", jobs=one(1))
    assert rig.run(call) == ["OK", "OK"]
    assert rig.run(call) == ["OK", "ALREADY"], "a repeat makes no second one"
    after = state(rig)
    assert (after.cursor, after.paused, after.last) == (before.cursor, True, before.last)
    assert after.fired == 2
    assert len(rig.state()["jobs"]) == 2


def test_skip_makes_no_job_while_the_last_one_lives(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, overlap="skip", n=3) == ["OK", "OK", "SKIPPED", "SKIPPED"]
    rig.run(op.promote(rig.keys))
    assert rig.claimed() == [tick_id(0)]
    assert fire(rig, "5000", "skip", next_cursor="6000", jobs=one(4)) == ["OK", "SKIPPED"]
    rig.ack(tick_id(0))
    assert fire(rig, "6000", "skip", next_cursor="7000", jobs=one(5)) == ["OK", "OK"]
    assert (state(rig).fired, state(rig).skipped) == (2, 3)


def test_a_dead_job_is_not_in_the_way(rig: Rig) -> None:
    declared(rig, NAME)
    fire(rig, jobs=one(0))
    rig.run(op.promote(rig.keys))
    rig.claim()
    rig.bury(tick_id(0))
    assert fire(rig, "5000", "skip", jobs=one(1)) == ["OK", "OK"]


def test_queue_one_holds_one_job_back_and_skips_the_others(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, overlap="queue_one", n=3) == ["OK", "OK", "HELD", "SKIPPED"]
    seen = rig.state()
    assert rig.admin.zscore(rig.keys.key("scheduled"), tick_id(1)) == LATER
    assert f"b={tick_id(0)}" in seen["jobs"][tick_id(1)]
    assert seen["schedule_held"] == {tick_id(0): tick_id(1)}
    assert rig.run(op.promote(rig.keys)).moved == 1


def test_queue_one_knows_the_job_that_runs_also_when_the_one_behind_it_was_cancelled(
    rig: Rig,
) -> None:
    declared(rig, NAME)
    fire(rig, overlap="queue_one", n=2)
    rig.run(op.cancel(rig.keys, ids=[tick_id(1)], result_ttl_ms=1000))
    assert fire(rig, "5000", "queue_one", jobs=one(7)) == ["OK", "HELD"]
    assert rig.state()["schedule_held"] == {tick_id(0): tick_id(7)}


def test_a_job_that_may_expire_says_so_to_scripts(rig: Rig) -> None:
    declared(rig, NAME)
    fire(rig, jobs=jobs(1))
    assert rig.state()["jobs"][tick_id(0)].startswith("x@now t t=1,s=shop/nightly,x=+60s\n")


def test_the_last_twenty_runs_are_kept(rig: Rig) -> None:
    declared(rig, NAME)
    fire(rig, n=15)
    fire(rig, "5000", jobs=[(9, NewJob(tick_id(100 + i), "t", BODY)) for i in range(10)])
    seen = rig.state()
    kept = seen["schedule_log"][NAME].split(" ")
    assert kept[:2] == [tick_id(109), tick_id(108)]
    assert len(kept) == 20
    assert set(seen["schedule_runs"]) == set(kept)


def test_ids_of_ticks_are_known_by_their_mark() -> None:
    assert tick_id(0)[7:11] == MARK


def keyed(number: int, **more: object) -> list[tuple[int, NewJob]]:
    [(tick, job)] = one(number)
    return [(tick, replace(job, unique="u=ab:swr:queue_one"))]


def test_a_tick_takes_its_unique_key_and_holds_it_until_its_job_has_ended(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, jobs=keyed(0)) == ["OK", "OK"]
    assert rig.state()["unique"] == {"ab": tick_id(0)}
    assert rig.state()["jobs"][tick_id(0)].startswith("x@")
    other = NewJob("b", "t", BODY, unique="u=ab:swr:return")
    assert rig.admit(other) == [("EXISTS", tick_id(0))]
    rig.run(op.promote(rig.keys, limit=200))
    assert rig.claimed() == [tick_id(0)]
    assert rig.state()["unique"] == {"ab": tick_id(0)}
    rig.ack(tick_id(0))
    assert "unique" not in rig.state()


@pytest.mark.parametrize("overlap", ["allow", "queue_one"])
def test_a_tick_whose_key_is_held_is_skipped_whatever_the_conflict_says(
    rig: Rig, overlap: str
) -> None:
    declared(rig, NAME)
    rig.admit(NewJob("a", "t", BODY, unique="u=ab:swr:return"))
    assert fire(rig, overlap=overlap, jobs=keyed(0)) == ["OK", "TAKEN a"]
    assert (state(rig).cursor, state(rig).fired, state(rig).skipped) == ("5000", 0, 1)
    assert rig.state()["counts"]["enqueued"] == 1
    with rig.unchanged():
        assert rig.run(fire_call(rig, cursor="-", jobs=keyed(0))) == ["STALE"]
    rig.claim()
    rig.ack("a")
    assert fire(rig, "5000", overlap, jobs=keyed(1), next_cursor="6000") == ["OK", "OK"]


def test_two_ticks_of_one_call_with_one_key_make_one_job(rig: Rig) -> None:
    declared(rig, NAME)
    made = fire(rig, jobs=[*keyed(0), *keyed(1)])
    assert made == ["OK", "OK", f"TAKEN {tick_id(0)}"]


def test_a_tick_counts_in_the_budget_of_its_queue_and_is_never_refused(rig: Rig) -> None:
    declared(rig, NAME)
    budget = op.Budget(max_jobs=1, max_bytes=1)
    assert fire(rig, jobs=[*one(0), *one(1)], budget=budget) == ["OK", "OK", "OK"]
    assert rig.state()["counts"] == {"enqueued": 2, "bytes": 2 * len(BODY)}
    rig.run(op.cancel(rig.keys, ids=[tick_id(0), tick_id(1)], result_ttl_ms=1000))
    assert rig.state()["counts"]["bytes"] == 0


def test_a_key_that_cannot_be_read_is_refused_before_any_write(rig: Rig) -> None:
    declared(rig, NAME)
    [(tick, job)] = one(0)
    with rig.unchanged(), pytest.raises(Exception, match="unique key"):
        fire(rig, jobs=[(tick, replace(job, unique="u=nonsense"))])


def test_what_a_schedule_makes_is_counted_by_its_task(rig: Rig) -> None:
    declared(rig, NAME)
    assert fire(rig, n=2)[0] == "OK"
    tally = rig.run(op.stats(rig.keys)).tally
    assert tally is not None
    assert {task: one.counts["enqueued"] for task, one in tally.by_task().items()} == {"t": 2}


def test_a_queue_that_lost_its_schema_has_it_again(rig: Rig) -> None:
    declared(rig, NAME)
    rig.admin.delete(rig.keys.key("schema"))
    assert fire(rig) == ["OK", "OK"]
    assert rig.admin.get(rig.keys.key("schema")) == b"1"


def test_a_tick_is_a_number_and_an_item_is_whole(rig: Rig) -> None:
    declared(rig, NAME)
    call = fire_call(rig)
    at = len(call.args) - 5
    for args in ([*call.args[:at], "x", *call.args[at + 1 :]], [*call.args[: at - 1], "x"]):
        with rig.unchanged(), pytest.raises(redis.ResponseError, match="expected"):
            rig.raw(call, args)

"""watch: what is due, what was missed, and what became of a schedule's jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from streamq import operations as op
from tests.lua.cases_schedules import NAME, declared, fire_call, tick_id
from tests.lua.rig import HOUR_MS, Rig


def watch(rig: Rig, **more: int) -> op.Watched:
    return rig.run(op.watch(rig.keys, **{"look_ms": 2_000, **more}))


def aim(rig: Rig, at_ms: int, cursor: str = "-") -> None:
    call = fire_call(rig, 0, cursor, next_cursor=str(at_ms), look_at_ms=at_ms)
    assert rig.run(call) == ["OK"]


def fired(rig: Rig, n: int = 1, overlap: str = "allow") -> None:
    declared(rig, NAME)
    rig.run(fire_call(rig, n, overlap=overlap, next_cursor="9000000000000", look_at_ms=9 * 10**12))
    rig.run(op.promote(rig.keys))


def kinds(rig: Rig) -> list[str]:
    [entry] = rig.run(op.timetable(rig.keys, names=[NAME])).entries
    return [run.kind for run in reversed(entry.runs)]


def test_a_new_schedule_is_due_to_be_aimed(rig: Rig) -> None:
    declared(rig, NAME)
    seen = watch(rig)
    [read] = seen.due
    assert (read.name, read.definition, read.author) == (NAME, f"f1 of {NAME}", "f1")
    assert (read.state.version, read.state.cursor) == (1, "-")
    assert abs(read.state.base_ms - rig.now_ms()) < 5_000
    assert seen.next_ms == -1


def test_what_is_due_later_is_said_in_ms(rig: Rig) -> None:
    declared(rig, NAME)
    aim(rig, rig.now_ms() + 60_000)
    seen = watch(rig)
    assert seen.due == []
    assert 50_000 < seen.next_ms <= 60_000


def test_a_queue_without_schedules_has_nothing_due_and_nothing_is_kept(rig: Rig) -> None:
    with rig.unchanged():
        seen = watch(rig)
    assert (seen.due, seen.next_ms, seen.missed_ms, seen.held) == ([], -1, 0, 0)


def test_while_somebody_watches_nothing_is_missed(rig: Rig) -> None:
    declared(rig, NAME)
    for _ in range(3):
        assert watch(rig).missed_ms == 0


def test_ticks_are_missed_up_to_the_first_look_after_the_promise_ran_out(rig: Rig) -> None:
    declared(rig, NAME)
    watch(rig)
    rig.admin.hset(rig.keys.key("rhythm"), "promised", rig.now_ms() - 1)
    missed = watch(rig).missed_ms
    assert abs(missed - rig.now_ms()) < 5_000
    assert watch(rig).missed_ms == missed, "who comes next knows it too"


def test_the_promise_is_no_longer_than_until_the_next_tick(rig: Rig) -> None:
    declared(rig, NAME)
    aim(rig, rig.now_ms() + 5_000)
    watch(rig, look_ms=10**6, slack_ms=1)
    promised = rig.admin.hget(rig.keys.key("rhythm"), "promised")
    assert promised is not None
    assert int(promised) <= rig.now_ms() + 5_001


@pytest.mark.parametrize("how", ["ok", "failed", "cancelled", "poison", "expired"])
def test_what_became_of_a_run_is_kept(rig: Rig, how: str) -> None:
    fired(rig)
    if how == "cancelled":
        rig.run(op.cancel(rig.keys, ids=[tick_id(0)], result_ttl_ms=HOUR_MS))
    elif how == "expired":
        record = rig.snapshot()["jobs"][tick_id(0)]
        past = re.sub("x=[0-9]+", "x=5", record)
        rig.admin.hset(rig.keys.key("jobs"), tick_id(0), past.encode("latin-1"))
        assert rig.claimed() == []
    else:
        rig.claim()
        settle: dict[str, Callable[..., Any]]
        settle = {"ok": rig.ack, "failed": rig.bury, "poison": rig.release}
        settle[how](tick_id(0), **({"crashed": True} if how == "poison" else {}))
        for _ in range(2 if how == "poison" else 0):
            token = f"T{rig.next_seq()}"
            rig.claim(token)
            rig.release(tick_id(0), token=token, crashed=True)
    assert kinds(rig) == [how], "it can be read before anybody has watched"
    watch(rig)
    assert "schedule_ended" not in rig.state()
    assert kinds(rig) == [how]


def test_jobs_of_no_schedule_leave_no_word(rig: Rig) -> None:
    rig.running("a")
    rig.ack("a")
    assert "schedule_ended" not in rig.state()


def test_a_job_held_back_goes_when_the_one_before_it_has_ended(rig: Rig) -> None:
    fired(rig, 2, "queue_one")
    assert rig.claimed() == [tick_id(0)]
    assert watch(rig).held == 1
    rig.ack(tick_id(0))
    rig.admin.delete(rig.keys.key("wake"))
    assert watch(rig).held == 0
    assert rig.state()["scheduled"] == {tick_id(1): "now"}
    assert rig.state()["wake"] == ["1"]
    rig.run(op.promote(rig.keys))
    assert rig.claimed("T2") == [tick_id(1)]
    assert rig.run(fire_call(rig, cursor="9000000000000", overlap="queue_one", n=0)) == ["OK"]


def test_a_job_that_was_released_is_the_one_that_the_next_tick_waits_for(rig: Rig) -> None:
    fired(rig, 2, "queue_one")
    rig.claim()
    rig.ack(tick_id(0))
    watch(rig)
    from tests.lua.test_fire import one

    again = fire_call(rig, cursor="9000000000000", overlap="queue_one", jobs=one(3))
    assert rig.run(again) == ["OK", "HELD"]
    assert rig.state()["schedule_held"] == {tick_id(1): tick_id(3)}


@pytest.mark.no_audit("what is held back is made up")
def test_what_is_held_back_is_looked_at_page_by_page(rig: Rig) -> None:
    rig.admin.config_set("hash-max-listpack-entries", 1)
    held, rhythm = rig.keys.key("schedule_held"), rig.keys.key("rhythm")
    rig.admin.hset(held, mapping={f"gone{n}": f"behind{n}" for n in range(40)})
    looks, left = 0, 40
    while left and looks < 200:
        left, looks = watch(rig, limit=1).held, looks + 1
        if looks == 1:
            assert rig.admin.hget(rhythm, "held") not in {None, b"0"}
    assert 3 < looks < 200
    while rig.admin.hget(rhythm, "held"):
        watch(rig, limit=200)


def test_more_that_ended_than_are_read_at_once_are_left_for_the_next_look(rig: Rig) -> None:
    fired(rig, 5)
    rig.claim()
    rig.ack(*(tick_id(n) for n in range(5)))
    for known in (2, 4, 5):
        watch(rig, limit=2)
        runs = rig.state()["schedule_runs"].values()
        assert sum(" ok " in run for run in runs) == known


def test_who_looks_wakes_nobody_while_the_job_before_lives(rig: Rig) -> None:
    fired(rig, 2, "queue_one")
    rig.claim()
    rig.admin.delete(rig.keys.key("wake"))
    assert watch(rig).held == 1
    assert not rig.admin.exists(rig.keys.key("wake"))

"""What a call says and leaves, to the last ms, job and byte: where time stands, it can be told."""

from __future__ import annotations

import pytest
import redis

from streamq import operations as op
from streamq.operations import Claimed, NewJob
from tests.lua.rig import BODY, HOUR_MS
from tests.lua.still import StillRig
from tests.lua.test_line_at_the_moment import standing, starts
from tests.lua.test_stats import MINUTE_MS, counted, history, tally

# --- claims -----------------------------------------------------------------------------------


def test_a_claim_of_a_worker_that_is_forgotten_says_nothing_but_look_again(
    still: StillRig,
) -> None:
    still.enqueue("a")
    assert still.claim(armed=True) == Claimed(
        jobs=[], next_due_ms=-1, stranded=False, more=True, now_ms=still.ms, expired=0
    )


def test_a_claim_that_the_line_has_filled_brings_nothing_else(still: StillRig) -> None:
    still.running("back")
    still.release("back")
    still.enqueue("high", opts="q=,p=9")
    found = still.claim("T1", 1)
    assert ([job.id for job in found.jobs], found.more, found.gate_ms) == (["high"], True, -1)
    assert still.claimed("T2", 1) == ["back"]


def test_one_that_leaves_jobs_of_the_line_says_so(still: StillRig) -> None:
    still.enqueue("a", "b", opts="q=")
    found = still.claim("T1", 1)
    assert ([job.id for job in found.jobs], found.more, found.gate_ms) == (["a"], True, 2)


def test_a_claim_that_is_full_is_told_the_time_as_it_comes_again_in_any_case(
    still: StillRig,
) -> None:
    still.enqueue("a", "b", opts="q=|cone=1")
    starts(still, "T1")
    told = [op.Throttled("a", "T1", 60_000, "")]
    still.run(op.throttle(still.keys, worker="w", seq=still.next_seq(), jobs=told))
    assert still.claim("T2", worker="w").gate_ms == 60_000, "the alarm is this one's"
    still.enqueue("plain")
    assert still.claim("T3", 1, worker="other").gate_ms == 60_000
    assert still.claim("T4", worker="other").gate_ms == 60_100


def test_400_rates_that_are_past_go_with_a_claim(still: StillRig) -> None:
    past = {f"rone!{n}": still.us for n in range(401)}
    still.admin.zadd(still.keys.key("rates"), {**past, "rone!later": still.us + 1})
    still.enqueue("a", opts="q=lane")
    assert still.claimed() == ["a"]
    assert still.admin.zcard(still.keys.key("rates")) == 2
    still.enqueue("b", opts="q=lane")
    assert still.claimed("U") == ["b"]
    assert still.admin.zcard(still.keys.key("rates")) == 1


# --- the line ---------------------------------------------------------------------------------


def test_a_place_in_the_line_is_the_microsecond_and_the_next_ones(still: StillRig) -> None:
    still.later(0, 7)
    still.enqueue("a", "b", opts="q=")
    still.enqueue("c", opts="q=,p=9")
    wheres = [one.record.where for one in looked(still, "a", "b", "c") if one.record]
    assert wheres == [f"&5{still.us}", f"&5{still.us + 1}", f"&0{still.us + 2}"]


def looked(rig: StillRig, *ids: str) -> list[op.Look]:
    return rig.run(op.look(rig.keys, ids=ids))


def test_who_stood_behind_one_that_is_cancelled_may_start_at_once(still: StillRig) -> None:
    still.enqueue("a", "b", opts="q=lane|olane")
    assert still.cancel("a") == ["OK"]
    assert standing(still, "b") == ("olane", 0)
    assert starts(still, "T") == {"b": 0}


def test_an_ordered_lane_waits_where_a_slot_comes_free(still: StillRig) -> None:
    still.enqueue("other", opts="q=|cone=1")
    still.enqueue("a", opts="q=lane|olane|cone=1")
    assert starts(still, "T1") == {"other": 0}
    assert standing(still, "a") == ("cone", None)
    still.ack("other", token="T1")
    assert starts(still, "T2") == {"a": 0}


def test_only_gates_of_that_very_definition_are_looked_at_again(still: StillRig) -> None:
    for name in ("a", "ab", "a!b"):
        still.enqueue(f"{name}1", f"{name}2", opts=f"q=|c{name}=1")
    assert len(starts(still, "T1")) == 3
    starts(still, "T2")
    cursor = still.run(op.poke(still.keys, definition="a"))
    while cursor:
        cursor = still.run(op.poke(still.keys, definition="a", cursor=cursor))
    looks = {name: standing(still, f"{name}2")[1] for name in ("a", "ab", "a!b")}
    assert looks == {"a": 0, "ab": None, "a!b": 0}


def test_a_limiter_counts_the_jobs_of_its_first_20_classes(still: StillRig) -> None:
    still.enqueue("first", opts="q=|cone=1")
    assert starts(still, "T1") == {"first": 0}
    for n in range(21):
        still.enqueue(f"j{n}", opts=f"q=lane{n}|cone=1")
    starts(still, "T2")
    starts(still, "T3")
    found = {one.id: one for one in still.run(op.limiters(still.keys)).limiters}["cone"]
    assert (found.used, found.classes, found.jobs) == (1, 21, 20)


def test_a_stranded_job_that_takes_a_limit_is_back_in_its_place(still: StillRig) -> None:
    still.enqueue("a", opts="q=|cone=1")
    assert still.claimed("T1") == ["a"]
    place = still.snapshot()["state"]["a"].split()[3]
    still.strand("a", token="T1")
    assert still.claimed("T2", tasks=["t"]) == []
    found = still.snapshot()
    assert found["state"]["a"] == f"P 0 0 {place} known"
    assert "pumped" not in found
    assert still.claimed("T3") == ["a"]


# --- what is told of a run --------------------------------------------------------------------


def test_a_poisoned_run_is_told_without_a_time(still: StillRig) -> None:
    still.running("a", opts="c=1")
    still.wait("a")
    with still.listening() as heard:
        assert still.release("a", crashed=True) == ["POISON"]
    assert heard == [f"a\npoison {still.ms} 1 0 t\n".encode()]


@pytest.mark.parametrize(("ms", "run_ms"), [(-1000, 0), (0, 0), (1, 1)])
def test_a_cancelled_run_took_as_long_as_it_did_and_is_counted_once(
    still: StillRig, ms: int, run_ms: int
) -> None:
    still.running("a")
    assert still.cancel("a") == ["ASKED"]
    still.later(ms)
    assert still.release("a") == ["CANCELLED"]
    [found] = looked(still, "a")
    assert found.outcome is not None
    assert found.outcome.run_ms == run_ms
    assert tally(still).by_task()["t"].ran.count == 1


@pytest.mark.no_audit("a foreign value stands in the key")
def test_an_ack_that_keeps_nothing_does_not_look_where_it_would_be(still: StillRig) -> None:
    still.running("a", "b")
    still.admin.set(still.keys.key("results"), "foreign")
    assert still.ack("a", ttl_ms=0) == ["OK"]
    with still.unchanged(), pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        still.ack("b", ttl_ms=1)
    still.admin.delete(still.keys.key("results"))


def test_a_page_of_the_outbox_goes_on_until_it_is_a_mib(still: StillRig) -> None:
    still.running("parent")
    sizes = [100_000] * 9 + [148_575] + [1] * 11  # ten are a byte less
    jobs = [NewJob(f"j{n}", "t", b"x" * size) for n, size in enumerate(sizes)]
    follow = [part for job in jobs for part in op.follow_up("other", job)]
    ack = op.Ack("parent", "T", "t", "none", 3, 0, b"", follow)
    assert still.run(op.ack(still.keys, worker="w", seq=1, jobs=[ack])) == ["OK"]
    found = still.run(op.forward(still.keys, limit=200))
    assert [one.job.id for one in found] == [job.id for job in jobs[:20]]
    [more] = still.run(op.forward(still.keys, arrived=[one.entry for one in found][:1], limit=1))
    assert (more.job.id, counts(still)["delivered"]) == ("j1", 1)


def counts(rig: StillRig) -> dict[str, int]:
    found: dict[str, int] = rig.state()["counts"]
    return found


# --- counting by the minute -------------------------------------------------------------------


def at_a_minute(rig: StillRig, minutes: int = 0) -> None:
    """It is the first ms of an hour, or so many minutes later."""
    rig.at((rig.ms // HOUR_MS + 1) * HOUR_MS + minutes * MINUTE_MS)


def parked(rig: StillRig, id_: str, task: str = "t") -> None:
    """A job that is counted when the clock says, not when its entry does."""
    rig.enqueue(id_, opts="q=", task=task)


def minutes(rig: StillRig) -> list[int]:
    return [span.begun_ms for span in history(rig) if not span.is_hour]


def test_a_minute_ends_with_its_last_ms(still: StillRig) -> None:
    at_a_minute(still)
    began = still.ms
    parked(still, "a")
    still.later(MINUTE_MS - 1, 999)
    parked(still, "b")
    assert minutes(still) == []
    still.later(0, 1)
    parked(still, "c")
    assert minutes(still) == [began]
    assert counted(still) == {"enqueued": 3}


@pytest.mark.parametrize(("back_ms", "turns"), [(MINUTE_MS, False), (MINUTE_MS + 1, True)])
def test_a_clock_that_steps_back_by_more_than_a_minute_begins_another(
    still: StillRig, back_ms: int, turns: bool
) -> None:
    at_a_minute(still, 9)
    began = still.ms
    parked(still, "a")
    still.later(-back_ms)
    parked(still, "b")
    assert minutes(still) == ([began] if turns else [])


def test_a_minute_has_only_what_was_counted_in_it(still: StillRig) -> None:
    at_a_minute(still)
    parked(still, "a")
    still.later(MINUTE_MS)
    assert still.claimed() == ["a"]
    still.later(MINUTE_MS)
    parked(still, "b")
    grown = [span.tasks[1].counts for span in history(still)]
    assert [{kind: n for kind, n in one.items() if n} for one in grown] == [
        {"enqueued": 1},
        {"started": 1},
    ]


def test_an_hour_has_only_the_times_that_were_counted_in_it(still: StillRig) -> None:
    at_a_minute(still)
    for hour in range(3):
        at_a_minute(still)
        for id_ in (f"a{hour}", f"b{hour}"):
            parked(still, id_)
            assert still.claimed(id_) == [id_]
            still.ack(id_, token=id_)
            still.later(MINUTE_MS)
    at_a_minute(still)
    parked(still, "d")
    grown = [span.tasks[1] for span in history(still) if span.is_hour]
    assert [(one.ran.count, one.waited.count) for one in grown] == [(2, 2)] * 3


def park_one_of_each(rig: StillRig, tasks: int, name: str = "j") -> None:
    jobs = [NewJob(f"{name}{n}", f"task{n}", BODY, opts="q=") for n in range(tasks)]
    counter = rig.next_counter("p")
    rig.run(op.enqueue(rig.keys, producer="p", counter=counter, jobs=jobs))


@pytest.mark.parametrize(
    ("hours", "tasks", "left"), [(73, 79, 79), (74, 79, 59), (74, 78, 78), (99, 99, 79)]
)
def test_tasks_leave_their_places_when_80_are_taken_and_they_were_not_seen_for_so_long(
    still: StillRig, hours: int, tasks: int, left: int
) -> None:
    at_a_minute(still)
    park_one_of_each(still, tasks)
    still.later(hours * HOUR_MS)
    parked(still, "other", task="other")
    found = tally(still).by_task()
    assert len(found.keys() - {"other", "(other)"}) == left
    assert sum(one.counts["enqueued"] for one in found.values()) == tasks + 1


def test_those_that_come_again_in_the_call_that_takes_their_places_are_counted(
    still: StillRig,
) -> None:
    at_a_minute(still)
    park_one_of_each(still, 80)
    still.later(74 * HOUR_MS)
    park_one_of_each(still, 80, "again")
    found = tally(still).by_task()
    assert sorted(one.counts["enqueued"] for one in found.values()) == [1] * 20 + [2] * 60 + [20]


def test_places_that_are_free_stay_so_when_an_hour_frees_none(still: StillRig) -> None:
    at_a_minute(still)
    park_one_of_each(still, 80)
    still.later(74 * HOUR_MS)
    parked(still, "a", task="new")  # twenty are free now, and one of them is taken
    for n, name in enumerate(tally(still).names.values()):
        parked(still, f"b{n}", task=name)
    slots = still.snapshot()["tallied"]["!slots"]
    still.later(HOUR_MS)
    parked(still, "c", task="new")
    parked(still, "d", task="newer")
    assert still.snapshot()["tallied"]["!slots"] == slots


def test_the_place_of_a_single_one_is_free_for_the_next(still: StillRig) -> None:
    at_a_minute(still)
    park_one_of_each(still, 80)
    still.later(30 * HOUR_MS)
    park_one_of_each(still, 79, "again")
    still.later(44 * HOUR_MS)
    parked(still, "a", task="task0")
    found = still.snapshot()["tallied"]
    assert "task79" not in found
    parked(still, "b", task="new")
    assert still.snapshot()["tallied"]["!slots"] == found["!slots"]


@pytest.mark.no_audit("a foreign value stands in the key")
def test_a_plain_job_goes_uncounted_where_a_foreign_value_stands(still: StillRig) -> None:
    still.enqueue("a")
    still.admin.set(still.keys.key("tallied"), "foreign")
    assert still.enqueue("b") == ["OK"]
    assert still.claimed() == ["a", "b"]
    still.admin.delete(still.keys.key("tallied"))


@pytest.mark.parametrize(("ahead", "turns"), [(0, False), (1, False), (2, True)])
def test_a_plain_job_begins_another_minute_where_its_clock_is_so_far_back(
    still: StillRig, ahead: int, turns: bool
) -> None:
    """Its time is that of its entry, which is never before the entry before it."""
    at_a_minute(still, 9)
    stream = still.keys.key("stream")
    still.admin.xadd(stream, {"i": "none"}, id=f"{still.ms}-0")
    still.admin.xdel(stream, f"{still.ms}-0")
    still.enqueue("a")
    still.admin.hset(still.keys.key("tallied"), "!minute", still.ms // MINUTE_MS + ahead)
    still.enqueue("b")
    assert len(minutes(still)) == turns
    assert int(still.snapshot()["tallied"]["!minute"]) == still.ms // MINUTE_MS + ahead * (
        not turns
    )


def test_a_claim_of_nothing_turns_no_minute(still: StillRig) -> None:
    still.running("a")
    still.ack("a")
    still.later(2 * MINUTE_MS)
    with still.unchanged():
        assert still.claimed("U") == []

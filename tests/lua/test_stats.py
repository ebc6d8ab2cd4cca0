"""What scripts count of each task, and what is kept of it by the minute and the hour."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from streamq import operations as op
from streamq.operations import Counted, NewJob, Span, Tally
from tests.lua.rig import BODY, COUNTING, HOUR_MS, Rig
from tests.lua.test_relay import bringing

MINUTE_MS = 60_000
one_server = pytest.mark.parametrize("any_server", ["redis70"], indirect=True)  # the slow ones


def tally(rig: Rig) -> Tally:
    found = rig.run(op.stats(rig.keys)).tally
    assert found is not None
    return found


def counted(rig: Rig, task: str = "t") -> dict[str, int]:
    """Only what is not 0."""
    one = tally(rig).by_task().get(task, Counted())
    return {kind: n for kind, n in one.counts.items() if n}


def set_back(rig: Rig, ms: int) -> int:
    """The last minute counted in was so long ago; returns its number."""
    minute = rig.now_ms() // MINUTE_MS - ms // MINUTE_MS
    rig.admin.hset(rig.keys.key("tallied"), "!minute", minute)
    return minute


def history(rig: Rig, since_ms: int = 0, limit: int = 200) -> list[Span]:
    spans, cursor = [], ""
    while True:
        page = rig.run(op.stats(rig.keys, since_ms=since_ms, cursor=cursor, limit=limit))
        assert (page.tally is None) == bool(cursor)
        spans += page.spans
        if not (cursor := page.cursor):
            return spans


@pytest.mark.parametrize("how", [{}, {"due": "+60000"}, {"opts": "q=lane"}, {"expires": "+9000"}])
@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_new_jobs_are_counted_in_this_minute(rig: Rig, how: dict[str, str]) -> None:
    for accepts in (rig.enqueue, lambda *ids, **job: rig.admit(NewJob(ids[0], "t", BODY, **job))):
        rig.admin.flushall()
        rig._counters.clear()
        first = rig.now_ms() // MINUTE_MS
        accepts("a", **how)
        minute = int(rig.snapshot()["tallied"]["!minute"])
        assert first <= minute <= rig.now_ms() // MINUTE_MS


def test_each_way_of_a_job_is_counted_where_it_is_done(rig: Rig) -> None:
    rig.running("done", "again", "bad", "lost", "back")
    rig.ack("done")
    rig.retry("again")
    rig.bury("bad")
    rig.release("back")
    rig.lapse("T")
    rig.worker_is("w", alive=True)
    rig.reclaim()
    rig.run(op.cancel(rig.keys, ids=["again"], result_ttl_ms=HOUR_MS))
    rig.enqueue("late", expires="@5")
    assert set(rig.claimed("T2")) == {"lost", "back"}
    assert counted(rig) == {
        "enqueued": 6,
        "started": 7,
        "succeeded": 1,
        "retried": 1,
        "dead": 1,
        "reclaimed": 1,
        "cancelled": 1,
        "expired": 1,
    }


def test_jobs_of_the_line_of_other_queues_and_of_unique_keys_are_counted(rig: Rig) -> None:
    rig.enqueue("limited", opts="q=lane|climit=1", task="a")
    assert rig.claimed() == ["limited"]
    rig.admit(NewJob("first", "b", BODY, unique="u=ab:swr:queue_one"))
    assert rig.claimed("T2") == ["first"]
    rig.admit(NewJob("heir", "b", BODY, unique="u=ab:swr:queue_one"))
    rig.admit(NewJob("replaced", "b", BODY, unique="u=ab:swr:queue_one"))
    rig.run(bringing(rig, "1-0"))
    assert counted(rig, "a") == {"enqueued": 1, "started": 1}
    assert counted(rig, "b") == {"enqueued": 2, "started": 1}
    assert counted(rig, "t") == {"enqueued": 1}


def test_an_hour_without_any_times_leaves_no_line_of_them(rig: Rig) -> None:
    rig.enqueue("a")
    set_back(rig, 2 * HOUR_MS)
    rig.enqueue("b")
    kinds = {kind for entry in rig.snapshot()["history"].values() for kind in entry}
    assert kinds == {"m"}


def test_a_repeated_call_counts_once(rig: Rig) -> None:
    rig.running("a")
    rig.claim("T")
    ack = op.ack(rig.keys, worker="w", seq=1, jobs=[op.Ack("a", "T", "t", "none", 1, 0)])
    rig.run(ack)
    rig.run(ack)
    assert counted(rig) == {"enqueued": 1, "started": 1, "succeeded": 1}


def test_poison_is_dead_and_reclaimed(rig: Rig) -> None:
    rig.running("a", opts="c=1")
    assert rig.release("a", crashed=True) == ["POISON"]
    assert counted(rig) == {"enqueued": 1, "started": 1, "reclaimed": 1, "dead": 1}


@one_server
@pytest.mark.parametrize(
    ("ms", "bucket"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (1000, 10), (2**40, 28)]
)
def test_the_time_of_a_run_is_in_its_bucket(rig: Rig, ms: int, bucket: int) -> None:
    rig.running("a")
    rig.run(op.ack(rig.keys, worker="w", seq=1, jobs=[op.Ack("a", "T", "t", "none", ms, 0)]))
    ran = tally(rig).by_task()["t"].ran
    assert (ran.sum_ms, ran.count, ran.buckets[bucket]) == (ms, 1, 1)


def test_the_time_waited_begins_when_the_job_could_start_and_is_counted_once(rig: Rig) -> None:
    entry = f"{rig.now_ms() - 5000}-0"  # it was enqueued five seconds ago
    rig.enqueue("a")
    rig.admin.delete(rig.keys.key("stream"))
    rig.admin.xadd(rig.keys.key("stream"), {"i": "a"}, id=entry)
    rig.admin.hset(rig.keys.key("jobs"), "a", f".{entry} t -\nabc")
    rig.claim("T")
    rig.release("a")
    rig.claim("T2")
    one = tally(rig).by_task()["t"]
    assert one.counts["started"] == 2
    assert one.waited.count == 1
    assert 5000 <= one.waited.sum_ms < 60_000


def test_a_minute_that_has_passed_is_in_the_history_once(rig: Rig) -> None:
    rig.enqueue("a", "b", task="x")
    minute = set_back(rig, 5 * MINUTE_MS)
    rig.enqueue("c")
    rig.enqueue("d")
    spans = [span for span in history(rig) if not span.is_hour]
    assert [span.begun_ms for span in spans] == [minute * MINUTE_MS]
    found = tally(rig)
    in_minute = {found.names[p]: one.counts["enqueued"] for p, one in spans[0].tasks.items()}
    assert in_minute == {"x": 2}
    current = {
        found.names.get(p): one.counts["enqueued"] for p, one in found.current[0].tasks.items()
    }
    assert current == {None: 0, "x": 0, "t": 2}


def test_the_times_of_an_hour_are_in_the_history(rig: Rig) -> None:
    rig.running("a", "b")
    rig.ack("a")
    set_back(rig, HOUR_MS)
    rig.ack("b")
    (hour,) = [span for span in history(rig) if span.is_hour]
    assert hour.begun_ms == (rig.now_ms() // HOUR_MS - 1) * HOUR_MS
    (one,) = hour.tasks.values()
    assert (one.waited.count, one.ran.count, one.ran.sum_ms) == (2, 1, 3)
    assert tally(rig).by_task()["t"].ran.count == 2
    rig.running("c", token="T2")
    set_back(rig, HOUR_MS)
    rig.ack("c", token="T2")
    again = [next(iter(span.tasks.values())) for span in history(rig) if span.is_hour]
    assert [one.ran.count for one in again] == [1, 1]


def test_the_times_of_a_minute_are_not_in_the_history_before_its_hour_has_passed(
    rig: Rig,
) -> None:
    rig.running("a", "b")
    rig.ack("a")
    minute = rig.now_ms() // MINUTE_MS
    set_back(rig, MINUTE_MS if minute % 60 else -2 * MINUTE_MS)
    rig.ack("b")
    assert [span.is_hour for span in history(rig)] == [False]


def test_a_clock_that_steps_back_a_little_stays_in_its_minute(rig: Rig) -> None:
    rig.enqueue("a")
    ahead = set_back(rig, -MINUTE_MS)
    rig.enqueue("b")
    assert tally(rig).current[0].begun_ms == ahead * MINUTE_MS
    set_back(rig, -10 * MINUTE_MS)  # far: it is put right
    rig.enqueue("c")
    assert tally(rig).current[0].begun_ms <= rig.now_ms()
    assert counted(rig) == {"enqueued": 3}


def test_the_history_is_read_in_pages(rig: Rig) -> None:
    for n in range(7):
        rig.enqueue(f"j{n}")
        set_back(rig, MINUTE_MS * (20 - n))
    assert len(history(rig, limit=2)) == len(history(rig)) >= 6
    assert history(rig, since_ms=rig.now_ms() + HOUR_MS) == []


@one_server
@pytest.mark.parametrize("how", ["crashed", "retried"])
def test_what_comes_back_into_the_line_has_waited_once(rig: Rig, how: str) -> None:
    rig.enqueue("a", opts="q=lane")
    assert rig.claimed("T1") == ["a"]
    assert tally(rig).by_task()["t"].waited.count == 1
    if how == "crashed":
        rig.release("a", token="T1", crashed=True)
    else:
        rig.retry("a", token="T1", delay_ms=0)
        rig.run(op.promote(rig.keys))
    assert rig.claimed("T2") == ["a"]
    found = tally(rig).by_task()["t"]
    assert (found.counts["started"], found.waited.count) == (2, 1)
    assert found.waited.sum_ms < 60_000


@one_server
def test_the_hour_in_which_a_task_was_last_seen_goes_on_with_it(rig: Rig) -> None:
    def seen(task: str) -> int:
        tallied = rig.snapshot()["tallied"]
        place = int(tallied[task])
        return int.from_bytes(tallied["!seen"][4 * place : 4 * place + 4].encode("latin-1"))

    rig.enqueue("a", task="old")
    rig.enqueue("b", task="new")
    hour = set_back(rig, 5 * HOUR_MS) // 60
    rig.enqueue("c", task="new")
    assert (seen("old"), seen("new")) == (hour, hour)
    set_back(rig, 2 * HOUR_MS)
    rig.enqueue("d", task="other")
    assert (seen("old"), seen("new")) == (hour, hour + 3)


@pytest.mark.no_audit("foreign values stand in the queue's keys")
@pytest.mark.parametrize("name", sorted(COUNTING))
def test_a_foreign_value_stays_and_jobs_go_on_uncounted(rig: Rig, name: str) -> None:
    key = rig.keys.key(name)
    rig.admin.rpush(key, "foreign")
    rig.running("a", "b", "c", "d")
    set_back_anyway(rig)
    assert rig.ack("a") == ["OK"]
    assert rig.retry("b") == ["OK"]
    assert rig.bury("c") == ["OK"]
    assert rig.release("d") == ["OK"]
    assert rig.enqueue("e") == ["OK"]
    assert rig.admin.lrange(key, 0, -1) == [b"foreign"]
    assert {v.rule for v in rig.violations()} == {"counts by task can be read"}


def set_back_anyway(rig: Rig) -> None:
    if rig.admin.type(rig.keys.key("tallied")) == b"hash":
        set_back(rig, HOUR_MS)


@pytest.mark.no_audit("the counts are made to disagree")
def test_the_audit_finds_more_by_task_than_in_all(rig: Rig) -> None:
    rig.enqueue("a")
    rig.admin.hset(rig.keys.key("tallied"), "more", 2)
    rig.admin.setrange(rig.keys.key("tally"), 2 * 64, (1).to_bytes(8))
    assert [v.rule for v in rig.violations()] == ["counts by task add up to no more than all"]


def busy_entry(number: int, tasks: int, indices: int, most: int) -> bytes:
    """As scripts write it, of tasks that all are busy."""
    entry: list[Any] = [number]
    for place in range(1, tasks + 1):
        grown = [v for i in range(indices) for v in (i, 200 + (number * 31 + place * 7 + i) % most)]
        entry += [place, grown]
    return bytes(msgpack.packb(entry))


@one_server
def test_fifty_busy_tasks_take_less_than_eight_megabytes(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.enqueue(*(f"j{n}" for n in range(50)))
    for n in range(50):
        rig.enqueue(f"k{n}", task=f"task{n}")
    rig.claim("T", 200)
    set_back(rig, HOUR_MS)
    rig.enqueue("next")
    pipe = rig.admin.pipeline(transaction=False)
    key = rig.keys.key("history")
    for minute in range(72 * 60 + 300):  # more than is kept
        pipe.xadd(key, {"m": busy_entry(minute, 50, 4, 60_000)})
        if minute % 60 == 0:
            pipe.xadd(key, {"h": busy_entry(minute // 60, 50, 25, 60_000)})
    pipe.execute()
    set_back(rig, HOUR_MS)
    rig.enqueue("last")
    entries = rig.admin.xlen(key)
    assert 72 * 61 <= entries <= 4_650
    size = sum(rig.admin.memory_usage(rig.keys.key(name), samples=0) or 0 for name in COUNTING)
    with capsys.disabled():
        print(f" {size / 1e6:.2f} MB for 50 busy tasks, {entries} entries")  # noqa: T201
    assert size <= 8_000_000


def test_a_clock_that_stepped_back_by_a_minute_ends_none(rig: Rig) -> None:
    """Of each call that counts: nothing is put into the history before its minute has passed."""
    rig.running("a", "b")
    set_back(rig, -MINUTE_MS)
    rig.ack("a")
    assert history(rig) == []
    for new in (["c"], ["d", "e"]):
        set_back(rig, -MINUTE_MS)
        rig.enqueue(*new)
        assert history(rig) == []


@pytest.mark.parametrize("ids", [["b"], ["b", "c"]])
def test_a_clock_that_stepped_back_by_two_minutes_begins_one(rig: Rig, ids: list[str]) -> None:
    rig.enqueue("a")
    set_back(rig, -2 * MINUTE_MS)
    rig.enqueue(*ids)
    assert tally(rig).current[0].begun_ms <= rig.now_ms()


def test_a_number_that_fell_counts_from_nothing(rig: Rig) -> None:
    rig.enqueue("a", "b", "c")
    set_back(rig, MINUTE_MS)
    rig.enqueue("d")
    command = ("BITFIELD", rig.keys.key("tally"), "SET", "i64", "#8", "2")
    rig.admin.execute_command(*command)  # type: ignore[no-untyped-call]
    set_back(rig, 2 * MINUTE_MS)
    rig.enqueue("e")
    assert history(rig)[-1].tasks[1].counts["enqueued"] == 2


def test_a_task_whose_name_none_may_have_is_one_of_all_others(rig: Rig) -> None:
    rig.enqueue("a", task="no/name")
    assert "no/name" not in rig.snapshot()["tallied"]

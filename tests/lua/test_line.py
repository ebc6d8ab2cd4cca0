"""What lanes, limits and priorities promise, seen in the claims that they let through."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from streamq import operations as op
from streamq.operations import NewJob
from tests.lua.rig import BODY, HOUR_MS, Rig

each_version = pytest.mark.parametrize("any_server", ["redis70", "valkey9"], indirect=True)


def enqueue(rig: Rig, specs: list[tuple[str, str]]) -> None:
    for first in range(0, len(specs), 200):
        jobs = [NewJob(i, "t", BODY, opts=opts) for i, opts in specs[first : first + 200]]
        counter = rig.next_counter("p")
        rig.run(op.enqueue(rig.keys, producer="p", counter=counter, jobs=jobs))


def take(rig: Rig, n: int, limit: int = 20) -> list[str]:
    """The next `n` starts, each claim acked before the next."""
    started: list[str] = []
    while len(started) < n:
        token = f"T{rig.next_seq()}"
        ids = rig.claimed(token, min(limit, n - len(started)))
        assert ids, started
        rig.ack(*ids, token=token, ttl_ms=0)
        started += ids
    return started


@each_version
@pytest.mark.parametrize(("limit", "many"), [(1, 2000), (3, 2000), (20, 100_000)])
def test_a_small_lane_is_not_behind_a_large_one(rig: Rig, limit: int, many: int) -> None:
    enqueue(rig, [(f"a{n}", "q=a") for n in range(many)])
    enqueue(rig, [(f"b{n}", "q=b") for n in range(10)])
    first = take(rig, 20, limit)
    assert [i for i in first if i[0] == "b"] == [f"b{n}" for n in range(10)]
    rig.admin.flushall()


@each_version
@pytest.mark.parametrize("limit", [1, 7, 20])
def test_weights_of_three_to_one_give_three_to_one(rig: Rig, limit: int) -> None:
    enqueue(rig, [(f"{lane}{n}", f"q={lane}") for n in range(320) for lane in "ab"])
    rig.run(op.set_limits(rig.keys, values={"weight a": "3"}, published=True))
    counted = Counter(i[0] for i in take(rig, 400, limit))
    assert counted["a"] == pytest.approx(300, abs=4)
    rig.admin.flushall()


@each_version
def test_an_emptied_lane_that_comes_back_has_no_advantage(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", "q=a") for n in range(60)])
    got = Counter[str]()
    for n in range(40):  # b has one job at a time, as soon as its last has started
        enqueue(rig, [(f"b{n}", "q=b")])
        got.update(i[0] for i in take(rig, 2, 1))
        if not got["b"] > n:
            break
    assert abs(got["a"] - got["b"]) <= 2
    rig.admin.flushall()


@each_version
def test_the_highest_priority_is_next_and_plain_jobs_go_before_lower_ones(rig: Rig) -> None:
    enqueue(rig, [(f"plain{n}", "-") for n in range(30)])
    enqueue(rig, [("low", "q=,p=3"), ("lane-high", "q=z,p=8"), ("high", "q=,p=9")])
    assert take(rig, 2, 1) == ["high", "lane-high"]
    assert take(rig, 31) == [*(f"plain{n}" for n in range(30)), "low"]


@each_version
def test_who_was_set_aside_goes_before_lower_priorities_also_while_the_stream_is_empty(
    rig: Rig,
) -> None:
    rig.enqueue("aside", opts="q=|cone=1")
    assert rig.claimed("T") == ["aside"]
    rig.strand("aside")
    rig.enqueue("low", opts="q=,p=0")
    assert rig.claimed("U", 1, tasks=["t"]) == ["aside"]
    assert rig.claimed("V", 1, tasks=["t"]) == ["low"]


def test_who_comes_first_in_an_ordered_lane_does_not_wait_for_the_rate_of_who_was_first(
    rig: Rig,
) -> None:
    slow = f"q=b|ob|rr1={HOUR_MS * 1000}=1,p=0"
    rig.enqueue("before", opts=slow)
    assert rig.claimed("T") == ["before"]
    rig.ack("before")
    rig.enqueue("slow", opts=slow)
    assert rig.claimed("U") == []
    rig.enqueue("behind", task="u", opts="q=b|ob,p=0")
    assert rig.claimed("V") == []
    rig.enqueue("first", opts="q=b|ob")
    assert rig.claimed("W") == ["first"]


def test_a_token_goes_to_the_highest_priority_of_its_lane(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", "q=a|cone=1") for n in range(30)])
    assert rig.claimed("T1") == ["a0"]
    enqueue(rig, [("high", "q=a|cone=1,p=9")])
    rig.ack("a0", token="T1")
    assert rig.claimed("T2") == ["high"]


@each_version
def test_a_low_job_waits_no_longer_than_its_patience(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"aging": "500"}, published=True))
    enqueue(rig, [("low", "q=,p=0"), *((f"high{n}", "q=,p=9") for n in range(50))])
    assert take(rig, 2, 1) == ["high0", "high1"]
    time.sleep(0.52)
    enqueue(rig, [("newest", "q=,p=9")])
    assert take(rig, 1, 1) == ["low"]
    rig.admin.flushall()


@each_version
def test_no_flood_of_high_jobs_keeps_plain_ones_out_for_longer_than_that(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"aging": "400"}, published=True))
    enqueue(rig, [("plain", "-"), *((f"high{n}", "q=,p=9") for n in range(50))])
    assert take(rig, 2, 2) == ["high0", "high1"]
    time.sleep(0.42)
    assert "plain" in take(rig, 2, 2)
    rig.admin.flushall()


@each_version
@pytest.mark.parametrize(("early_ms", "started"), [(5000, 2), (-5000, 4)])
def test_patience_is_exact(rig: Rig, early_ms: int, started: int) -> None:
    patience_ms = 10_000_000
    rig.run(op.set_limits(rig.keys, values={"aging": str(patience_ms)}, published=True))
    rig.enqueue("first")
    assert rig.claimed("T1", 1) == ["first"]  # makes the group
    rig.ack("first", token="T1", ttl_ms=0)
    rig.admin.delete(rig.keys.key("stream"))
    since = rig.now_ms() - patience_ms - early_ms
    rig.admin.xgroup_create(rig.keys.key("stream"), "workers", "0", mkstream=True)
    for n in range(4):
        rig.admin.xadd(rig.keys.key("stream"), {"i": "gone"}, id=f"{since}-{n}")
    enqueue(rig, [(f"high{n}", "q=,p=9") for n in range(4)])
    assert len(rig.claimed("T2", 4)) == started, "half of the room, where plain ones are due"
    rig.admin.flushall()


@each_version
def test_what_a_lane_was_served_counts_at_every_gate_where_it_waits(rig: Rig) -> None:
    enqueue(rig, [("first", "q=x|cone=1")])
    assert rig.claimed("held") == ["first"]
    enqueue(rig, [("a-limited", "q=a|cone=1"), ("b-limited", "q=b|cone=1")])
    assert rig.claimed("early") == []
    enqueue(rig, [(f"a{n}", "q=a") for n in range(5)])
    assert take(rig, 5) == [f"a{n}" for n in range(5)]
    rig.ack("first", token="held", ttl_ms=0)
    assert rig.claimed("next") == ["b-limited"], "the other one had five"
    rig.ack("b-limited", token="next", ttl_ms=0)
    assert rig.claimed("last") == ["a-limited"]


@each_version
def test_who_is_behind_in_an_ordered_lane_is_looked_at_when_the_first_is_cancelled(
    rig: Rig,
) -> None:
    enqueue(rig, [("held", "q=b|rone=3600000000=1"), ("a1", "q=a|oa|rone=3600000000=1")])
    assert rig.claimed("T1") == ["held"]
    enqueue(rig, [("a2", "q=a|oa")])
    assert rig.claimed("T2") == []
    rig.admin.delete(rig.keys.key("wake"))
    rig.cancel("a1")
    assert rig.admin.llen(rig.keys.key("wake")) == 1
    assert rig.claimed("T3") == ["a2"]


@each_version
def test_an_ordered_lane_waits_for_its_retry_and_others_do_not(rig: Rig) -> None:
    enqueue(rig, [("a1", "q=a|oa"), ("a2", "q=a|oa"), ("b1", "q=b|ob")])
    assert rig.claimed("T1") == ["a1", "b1"]
    rig.retry("a1", token="T1", delay_ms=40)
    assert rig.claimed("T2") == []
    time.sleep(0.05)
    rig.run(op.promote(rig.keys))
    assert rig.claimed("T3") == ["a1"]
    rig.ack("a1", token="T3")
    assert rig.claimed("T4") == ["a2"]


@each_version
def test_in_an_ordered_lane_nobody_passes_one_that_waits_for_a_rate(rig: Rig) -> None:
    enqueue(rig, [("a1", "q=a|oa|rone=500000=1"), ("a2", "q=a|oa|rone=500000=1"), ("a3", "q=a|oa")])
    enqueue(rig, [("free", "q=a"), ("b1", "q=b|ob")])
    assert sorted(take(rig, 3)) == ["a1", "b1", "free"]
    assert rig.claimed("T1") == [], "a3 has no limit, and comes behind a2"
    time.sleep(0.5)
    assert take(rig, 2) == ["a2", "a3"]


@each_version
def test_an_ordered_lane_goes_on_when_what_it_waited_for_is_gone(rig: Rig) -> None:
    hour = 3_600_000_000
    enqueue(rig, [(f"a{n}", f"q=a|oa|rone={hour}=1") for n in (1, 2)])
    enqueue(rig, [("a3", "q=a|oa"), *((f"b{n}", f"q=b|ob|rtwo={hour}=1") for n in (1, 2))])
    assert sorted(take(rig, 2)) == ["a1", "b1"]
    assert rig.claimed("T1") == []
    rig.run(op.cancel(rig.keys, ids=["a2"], result_ttl_ms=0))
    assert rig.claimed("T2") == ["a3"]
    rig.run(op.set_limits(rig.keys, values={"two": "r 1000 1"}))
    cursor = rig.run(op.poke(rig.keys, definition="two"))
    while cursor:
        cursor = rig.run(op.poke(rig.keys, definition="two", cursor=cursor))
    time.sleep(0.03)
    assert rig.claimed("T3") == ["b2"]
    rig.admin.flushall()


@each_version
def test_a_rate_is_never_exceeded_and_nearly_all_of_it_is_used(rig: Rig) -> None:
    """200 a second, from a worker that looks when it is told; every window of 100 ms."""
    enqueue(rig, [(f"a{n}", "q=|rone=5000=1") for n in range(400)])
    starts: list[float] = []
    began = time.monotonic()
    while time.monotonic() < began + 1:
        token = f"T{rig.next_seq()}"
        claimed = rig.claim(token, 50)
        starts += [claimed.now_ms + job.delay_us / 1000 for job in claimed.jobs]
        if claimed.jobs:
            rig.ack(*(job.id for job in claimed.jobs), token=token, ttl_ms=0)
        assert claimed.gate_ms > 0
        time.sleep(claimed.gate_ms / 1000)
    assert starts == sorted(starts)
    for i, first in enumerate(starts):
        assert sum(first <= at < first + 99 for at in starts[i:]) <= 21
    # How late this machine wakes us up is not the queue's: 30 ms ahead make up for the usual.
    assert len(starts) >= 0.3 * (starts[-1] - starts[0]) / 5
    rig.admin.flushall()


@each_version
def test_cost_burst_and_several_limits_are_taken_all_or_nothing(rig: Rig) -> None:
    hour = 3_600_000_000
    enqueue(rig, [(f"a{n}", f"q=|call=1|rone={hour}=5=2") for n in range(4)])
    assert rig.claimed("T1") == ["a0"]
    assert rig.claimed("T2") == []
    rig.ack("a0", token="T1")
    assert rig.claimed("T3") == ["a1"]
    rig.ack("a1", token="T3")
    assert rig.claimed("T4") == []  # 4 of 5 taken: the slot is free, the rate is not
    assert "slots" not in rig.snapshot()


@each_version
def test_waiters_of_a_slot_go_in_order_and_a_dead_worker_frees_it(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", "q=|cone=1") for n in range(3)])
    assert rig.claimed("T1") == ["a0"]
    rig.lapse("T1")
    rig.reclaim()
    assert rig.claimed("T2") == ["a0"], "at its very place"
    rig.ack("a0", token="T2")
    assert rig.claimed("T3") == ["a1"]


@each_version
def test_parked_jobs_that_are_too_old_to_start_end_as_expired(rig: Rig) -> None:
    enqueue(rig, [("first", "q=|cone=1")])
    assert rig.claimed("T1") == ["first"]
    rig.enqueue("old", opts="q=|cone=1", expires="+300")
    claimed = rig.claim("T2")
    assert 0 < claimed.gate_ms <= 301
    time.sleep(0.32)
    assert rig.claim("T3").expired == 1
    assert rig.wait("old") == ["ended"]


def test_only_who_can_rise_has_a_time_to(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"aging": "60000"}))
    rig.enqueue("top", opts="q=,p=9")
    rig.enqueue("low", opts="q=,p=8")
    [low] = rig.run(op.look(rig.keys, ids=["low"]))
    assert low.record is not None
    since_us = int(low.record.where[2:])  # behind `&` and the digit of its priority
    assert rig.admin.zscore(rig.keys.key("timers"), "a low") == since_us + 60_000_000
    assert rig.admin.zcard(rig.keys.key("timers")) == 1


@each_version
def test_one_worker_holds_the_alarm(rig: Rig) -> None:
    enqueue(rig, [(f"a{n}", "q=|rone=10000000=1") for n in range(3)])
    began = time.monotonic()
    first = rig.claim("T1", worker="w1").gate_ms
    other = rig.claim("T2", worker="w2").gate_ms
    passed = (time.monotonic() - began) * 1000
    assert 5000 < first <= 10_000
    assert 50 - passed <= other - first <= 150


def test_an_ordered_class_that_has_to_wait_leaves_the_others_of_its_lane(rig: Rig) -> None:
    rig.enqueue("holder", opts="q=z|cone=1|rslow=3600000000=1")
    assert rig.claimed("T1") == ["holder"]
    rig.enqueue("ordered", opts="q=a|cone=1|oa|rslow=3600000000=1")
    rig.enqueue("other", opts="q=a|cone=1")
    assert rig.claimed("T2") == []
    rig.ack("holder", token="T1")
    assert rig.claimed("T3") == ["other"]


def test_a_job_that_a_rate_lets_go_soon_is_handed_out_ahead_with_its_delay(rig: Rig) -> None:
    rig.enqueue("a", "b", "c", opts="q=|rsoon=15000=1")
    claimed = rig.claim("T").jobs
    assert [job.id for job in claimed][:2] == ["a", "b"]
    assert claimed[0].delay_us == 0
    assert 10_000 <= claimed[1].delay_us <= 20_000
    rig.admin.hset(rig.keys.key("state"), "b", f"R 1 0 &5{0:016d} T {rig.now_ms() + 60_000} +")
    again = rig.claim("T").jobs
    assert again[0].delay_us == 0
    assert 50_000_000 <= again[1].delay_us <= 60_000_000
    rig.admin.flushall()


def test_who_has_all_that_it_can_run_leaves_the_alarm_to_others(rig: Rig) -> None:
    rig.enqueue("a", "b", opts="q=|rone=10000000=1")
    rig.enqueue("plain")
    assert len(rig.claimed("T1", 2)) == 2
    assert "!alarm" not in rig.state()["places"]
    assert rig.claimed("T2", 2) == []
    assert rig.state()["places"]["!alarm"].endswith(" w")


def test_of_many_that_come_at_once_eight_try_and_others_line_up(rig: Rig) -> None:
    ids = [f"j{n:02}" for n in range(12)]
    jobs = [NewJob(i, "t", BODY, opts=f"q={i}|cone=1") for i in ids]
    call = op.enqueue(rig.keys, producer="p", counter=rig.next_counter("p"), jobs=jobs)
    rig.run(call)
    gates = [one.gate for one in rig.run(op.standing(rig.keys, ids=ids))]
    assert gates == ["*"] * 8 + ["cone"] * 4
    assert rig.claimed("T1") == ["j00"]
    rig.enqueue("late", opts="q=late|cone=1")
    [late] = rig.run(op.standing(rig.keys, ids=["late"]))
    assert late.gate == "cone"


def test_the_line_has_half_of_a_claim_while_the_stream_has_jobs_too(rig: Rig) -> None:
    rig.enqueue(*(f"plain{n:02}" for n in range(20)))
    rig.enqueue(*(f"line{n:02}" for n in range(20)), opts="q=lane")
    ids = rig.claimed("T", 12)
    assert sum(i.startswith("line") for i in ids) == 6


def test_classes_of_a_lane_go_by_their_jobs_whatever_their_number(rig: Rig) -> None:
    for n, priority in enumerate([3, 7, 5, 9, 4, 8, 6]):
        rig.enqueue(f"p{priority}", task=f"t{n}", opts=f"q=lane,p={priority}")
    assert rig.claimed("T1", 4) == ["p9", "p8", "p7", "p6"]
    assert rig.claimed("T2", 2) == ["p5", "p4"]


def test_lanes_go_by_their_first_jobs_whatever_their_number(rig: Rig) -> None:
    for n, priority in enumerate([3, 7, 5, 9, 4, 8, 6]):
        rig.enqueue(f"p{priority}", opts=f"q=lane{n},p={priority}")
    assert rig.claimed("T1", 4) == ["p9", "p8", "p7", "p6"]
    assert rig.claimed("T2", 2) == ["p5", "p4"]


def test_a_slot_that_nobody_waits_for_wakes_nobody(rig: Rig) -> None:
    rig.enqueue("a", opts="q=|cone=1")
    assert rig.claimed("T") == ["a"]
    rig.admin.delete(rig.keys.key("wake"))
    assert rig.ack("a") == ["OK"]
    assert "wake" not in rig.state()


@each_version
def test_when_one_with_a_timer_is_gone_the_next_timer_is_still_looked_at(rig: Rig) -> None:
    rig.enqueue("held", opts="q=a|cone=1")
    assert rig.claimed("T1") == ["held"]
    for n, id_ in enumerate("bcd", 1):
        rig.enqueue(id_, opts="q=a|cone=1", expires=f"+{n * 60_000}")
    timers = rig.snapshot()["timers"]
    for id_, left in (("b", "x c"), ("c", "x d"), ("d", "")):
        rig.cancel(id_)
        assert rig.snapshot().get("gates", {}).get("!timers") == (timers[left] if left else None)


@pytest.mark.parametrize("any_server", ["valkey9"], indirect=True)
def test_a_heavy_lane_has_its_share_where_a_claim_reads_some_of_it_only(rig: Rig) -> None:
    rig.run(op.set_limits(rig.keys, values={"weight big": "50"}, published=True))
    small = [(f"{lane}{n}", f"q={lane}") for lane in "abcdefghi" for n in range(9)]
    enqueue(rig, [*((f"big{n}", "q=big") for n in range(180)), *small])
    got = rig.claimed("T", 100)
    assert len(got) == 100
    assert Counter(i[:3] for i in got)["big"] == pytest.approx(85, abs=6)
    at = [n for n, id_ in enumerate(got) if not id_.startswith("big")]
    assert at, "the others have their turns between"
    assert at[-1] > 50
    rig.admin.flushall()

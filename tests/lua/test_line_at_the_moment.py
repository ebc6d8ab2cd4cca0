"""What claims let go from the line at the very microsecond, and just before it."""

from __future__ import annotations

import pytest

from streamq import operations as op
from tests.lua.rig import HOUR_MS, LEASE_MS
from tests.lua.still import StillRig

SECOND = 1_000_000
SPACING = SECOND + 10_000  # us from one start to the next at one a second
RATE = f"q=|rone={SECOND}=1"
EARLY = 20_000  # us before a rate's next start at which a claim may have it; it waits for the rest
EARLY_OF_TWO = 3_333  # the same where a job has several rates
AHEAD = 30_000  # the earliest that anything is handed out
HIGH = "q=,p=9"


def starts(rig: StillRig, token: str, limit: int = 10, worker: str = "w") -> dict[str, int]:
    """What this claim brings, and in how many us it may start."""
    return {job.id: job.delay_us for job in rig.claim(token, limit, worker).jobs}


def reply(rig: StillRig, token: str) -> list[object]:
    call = op.claim(
        rig.keys, worker="w", token=token, lease_ms=LEASE_MS, limit=10, result_ttl_ms=HOUR_MS
    )
    found: list[object] = rig.raw(call)
    return found


def throttle(rig: StillRig, id_: str, token: str, ms: int, limit: str = "") -> None:
    call = [op.Throttled(id_, token, ms, limit)]
    words = rig.run(op.throttle(rig.keys, worker="w", seq=rig.next_seq(), jobs=call))
    assert words == ["OK"]


def standing(rig: StillRig, id_: str) -> tuple[str, int | None]:
    [found] = rig.run(op.standing(rig.keys, ids=[id_]))
    return found.gate, found.look_in_us


def set_limits(rig: StillRig, **values: str) -> None:
    rig.run(op.set_limits(rig.keys, values=values))


# --- rates ------------------------------------------------------------------------------------


def test_a_rate_gives_its_starts_to_the_microsecond(still: StillRig) -> None:
    still.enqueue("a", "b", "c", opts=RATE)
    assert starts(still, "T1") == {"a": 0}
    assert standing(still, "b") == ("rone", SPACING - EARLY)
    still.later(0, SPACING - EARLY - 1)
    assert starts(still, "T2") == {}
    still.later(0, 1)
    assert starts(still, "T3") == {"b": EARLY}
    assert standing(still, "c") == ("rone", SPACING)
    still.later(0, SPACING + EARLY)
    assert starts(still, "T4") == {"c": 0}, "at its very time: at once"


def test_a_slow_rate_is_a_hundredth_slower_but_no_more_than_10_ms(still: StillRig) -> None:
    still.enqueue("a", "b", opts=f"q=|rone={60 * SECOND}=1")
    assert starts(still, "T1") == {"a": 0}
    assert standing(still, "b") == ("rone", 60 * SECOND + 10_000 - EARLY)


def test_a_burst_starts_at_once_and_what_is_dear_takes_more_of_it(still: StillRig) -> None:
    still.enqueue("a", "b", "c", "d", opts=f"q=|rone={SECOND}=3")
    still.enqueue("dear", opts=f"q=|rtwo={SECOND}=3=2")
    still.enqueue("too-dear", opts=f"q=|rtwo={SECOND}=3=9")
    assert starts(still, "T1") == {"a": 0, "b": 0, "c": 0, "dear": 0}
    assert standing(still, "d") == ("rone", SPACING - EARLY)
    assert standing(still, "too-dear") == ("rtwo", 2 * SPACING - EARLY)


@pytest.mark.parametrize("rates", [1, 2])
@pytest.mark.parametrize("more_ms", [0, 1])
def test_what_is_held_for_as_long_as_that_is_handed_out_ahead(
    still: StillRig, rates: int, more_ms: int
) -> None:
    ahead_ms = {1: 30, 2: 5}[rates]
    still.enqueue("a", opts="q=" + "".join(f"|r{n}=10=9" for n in range(rates)))
    starts(still, "T1")
    throttle(still, "a", "T1", ahead_ms + more_ms)
    assert starts(still, "T2") == ({} if more_ms else {"a": ahead_ms * 1000})


def test_a_limit_of_concurrency_is_held_until_the_microsecond(still: StillRig) -> None:
    still.enqueue("a", opts="q=|cone=1")
    starts(still, "T1")
    throttle(still, "a", "T1", 1000)
    still.later(999, 999)
    assert starts(still, "T2") == {}
    still.later(0, 1)
    assert starts(still, "T3") == {"a": 0}


def test_of_two_that_are_held_as_long_it_waits_at_the_first(still: StillRig) -> None:
    still.enqueue("a", opts="q=|rone=10=9|rtwo=10=9")
    starts(still, "T1")
    throttle(still, "a", "T1", 1000)
    starts(still, "T2")
    assert standing(still, "a") == ("rone", SECOND - EARLY_OF_TWO)


def test_delays_are_named_only_where_a_job_has_to_wait(still: StillRig) -> None:
    still.enqueue("a", "b", opts=RATE)
    assert reply(still, "T1")[6] == b""
    still.later(0, SPACING - EARLY)
    assert reply(still, "T2")[6] == b"0:%d" % EARLY
    still.later(0, EARLY - 1000)
    assert reply(still, "T2")[6] == b"0:1000", "told once more, as it is now"
    still.later(0, 1000)
    assert reply(still, "T2")[6] == b""


def test_a_rate_that_was_changed_is_not_waited_for_longer_than_it_asks_now(still: StillRig) -> None:
    still.enqueue("a", "b", "c", opts=f"q=|rone={60 * SECOND}=1")
    assert starts(still, "T1") == {"a": 0}
    set_limits(still, one=f"r {SECOND} 2")
    cursor = still.run(op.poke(still.keys, definition="one"))
    assert still.admin.zscore(still.keys.key("rates"), "rone") == still.us + AHEAD + 2 * SPACING
    while cursor:
        cursor = still.run(op.poke(still.keys, definition="one", cursor=cursor))
    assert starts(still, "T2") == {}
    assert standing(still, "b") == ("rone", AHEAD + SPACING - EARLY)


# --- starts that are given back -----------------------------------------------------------------


def hand_back(rig: StillRig, id_: str, token: str) -> None:
    jobs = [op.HandBack(id_, token, unused=True)]
    assert rig.run(op.release(rig.keys, worker="w", seq=rig.next_seq(), jobs=jobs)) == ["OK"]


@pytest.mark.parametrize("us", [0, 1, 999])
def test_the_last_start_of_a_rate_is_given_back_wherever_in_a_ms_it_was(
    still: StillRig, us: int
) -> None:
    still.later(0, us)
    still.enqueue("a", opts=RATE)
    assert starts(still, "T1") == {"a": 0}
    hand_back(still, "a", "T1")
    assert starts(still, "T2") == {"a": 0}


@pytest.mark.parametrize("longer_us", [-1, 1001])
def test_one_of_a_rate_that_is_another_by_now_is_not(still: StillRig, longer_us: int) -> None:
    still.enqueue("a", opts=f"q=|rone={2 * SECOND}=1")
    assert starts(still, "T1") == {"a": 0}
    booked = still.admin.zscore(still.keys.key("rates"), "rone")
    set_limits(still, one=f"r {2 * SECOND + longer_us} 1")
    hand_back(still, "a", "T1")
    assert still.admin.zscore(still.keys.key("rates"), "rone") == booked


# --- ageing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("us", "first"), [(999, "usual"), (1000, "low")])
def test_a_job_of_the_line_has_aged_at_the_end_of_its_patience(
    still: StillRig, us: int, first: str
) -> None:
    set_limits(still, aging="60000")
    still.enqueue("low", opts="q=,p=0")
    still.enqueue("usual", opts="q=,p=5")
    still.later(59_999, us)
    assert list(starts(still, "T", 1)) == [first]


@pytest.mark.parametrize(("us", "of_the_line"), [(999, 4), (1000, 2)])
def test_so_has_one_of_the_stream_which_then_has_half_of_each_claim(
    still: StillRig, us: int, of_the_line: int
) -> None:
    set_limits(still, aging="60000")
    still.enqueue("a", "b", "c", "d")
    entry = next(iter(still.snapshot()["stream"]))
    still.enqueue(*"1234", opts=HIGH)
    still.at(int(entry.partition("-")[0]) + 59_999, us)
    assert sum(id_.isdigit() for id_ in starts(still, "T", 4)) == of_the_line


@pytest.mark.parametrize("aged", [True, False])
def test_of_the_odd_place_in_a_claim_it_is_the_microsecond_who_has_it(
    still: StillRig, aged: bool
) -> None:
    """Aged: the highest priority shares; else the default one."""
    if aged:
        set_limits(still, aging="1")
    still.enqueue(*"abcde")
    still.enqueue(*"12345", opts=HIGH if aged else "q=")
    still.later(120_000)
    for id_ in "a1b2c3":
        assert list(starts(still, f"T{id_}", 1)) == [id_]
        still.later(0, 1)
    assert list(starts(still, "T", 3)) == ["d", "e", "4"]


# --- when to look again -------------------------------------------------------------------------


def look(rig: StillRig, token: str, worker: str) -> int:
    """In how many ms this worker is told to claim again."""
    return rig.claim(token, worker=worker).gate_ms


def test_when_to_look_again_is_said_in_whole_ms(still: StillRig) -> None:
    still.enqueue("a", "b", "c", opts=RATE)
    assert look(still, "T1", "w") == (SPACING - EARLY) // 1000
    still.later(0, 1)
    assert look(still, "T2", "w") == (SPACING - EARLY) // 1000
    still.later(0, SPACING - EARLY - 1002)
    assert look(still, "T3", "w") == 2, "and no sooner"
    still.later(0, 1001)
    claimed = still.claim("T4", worker="w")
    assert [job.id for job in claimed.jobs] == ["b"]
    assert claimed.gate_ms == SPACING // 1000


@pytest.mark.parametrize(("late_us", "more_ms"), [(49_999, 100), (50_000, 0)])
def test_one_worker_has_the_alarm_until_it_is_late(
    still: StillRig, late_us: int, more_ms: int
) -> None:
    still.enqueue("a", "b", "c", opts=RATE)
    assert look(still, "T1", "w") == (SPACING - EARLY) // 1000
    assert look(still, "T2", "other") == (SPACING - EARLY) // 1000 + 100
    still.later(0, SPACING - EARLY + late_us)
    claimed = still.claim("T3", worker="other")
    assert [(job.id, job.delay_us) for job in claimed.jobs] == [("b", 0)]
    assert claimed.gate_ms == (SPACING - EARLY) // 1000 + more_ms


@pytest.mark.parametrize(("sooner_us", "more_ms"), [(1000, 100), (1001, 0)])
def test_or_until_another_is_to_look_more_than_a_ms_sooner(
    still: StillRig, sooner_us: int, more_ms: int
) -> None:
    still.enqueue("a", "b", opts=RATE)
    assert look(still, "T1", "w") == (SPACING - EARLY) // 1000
    still.later(0, SECOND // 2)
    us = SPACING - SECOND // 2 - sooner_us  # of its spacing, 1 % longer
    still.enqueue("x", "y", opts=f"q=|rtwo={us / 1.01:.9f}=1")
    found = look(still, "T2", "other")
    assert standing(still, "y") == ("rtwo", us - EARLY)
    assert found == -(-(us - EARLY) // 1000) + more_ms

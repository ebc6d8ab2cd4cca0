"""What is due, what was missed, what comes next: pure decisions, hours of them in no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamq.operations import ScheduleState
from streamq.schedules import Cron, Every, Schedule, make_schedule
from streamq.schedules.planning import BATCH, decide, delay_ms, ticks
from streamq.schedules.timing import Timing, last_ticks

S = 1_000
BASE = 1_700_000_000_000


def schedule(timing: Timing, **more: Any) -> Schedule:
    return make_schedule("nightly", "t", timing, "here", **more)


def state(cursor: int | None, base: int = BASE) -> ScheduleState:
    text = "-" if cursor is None else str(cursor)
    return ScheduleState(1, text, base, BASE, False, "-", "-", 0, 0, 0)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(BASE / 1000 + second, UTC)


def test_a_new_schedule_is_aimed_at_its_first_tick_and_fires_nothing() -> None:
    decision = decide(schedule(Every(30)), state(None), BASE + 5, 0)
    assert (decision.ticks, decision.next_ms, decision.missed) == ([], BASE + 30 * S, 0)


def test_a_tick_that_is_due_fires_for_itself_and_not_a_millisecond_before() -> None:
    every = schedule(Every(30))
    cursor = BASE + 30 * S
    assert decide(every, state(cursor), cursor - 1, 0).ticks == []
    decision = decide(every, state(cursor), cursor, 0)
    assert (decision.ticks, decision.next_ms) == ([cursor], cursor + 30 * S)


def test_late_ticks_are_not_missed_ones_each_has_its_job() -> None:
    every = schedule(Every(1))
    cursor = BASE + S
    decision = decide(every, state(cursor), cursor + 3_500, 0)
    assert decision.ticks == [cursor + n * S for n in range(4)]
    assert decision.next_ms == cursor + 4 * S


@pytest.mark.parametrize(
    ("on_missed", "made_up", "missed"),
    [("skip", [], 10), ("once", [9], 9), ("all", range(10), 0)],
)
def test_what_was_missed_is_made_up_for_as_the_schedule_says(
    on_missed: str, made_up: list[int], missed: int
) -> None:
    every = schedule(Every(1), on_missed=on_missed)
    cursor = BASE + S
    watched_again = cursor + 9_500
    decision = decide(every, state(cursor), watched_again + 1_000, watched_again)
    assert decision.ticks == [cursor + n * S for n in [*made_up, 10]], "and the one since then"
    assert (decision.missed, decision.next_ms) == (missed, cursor + 11 * S)


def test_all_is_bounded_and_the_newest_are_made_up_for() -> None:
    every = schedule(Every(1), on_missed="all", missed_limit=70)
    cursor, until = BASE + S, BASE + 500 * S
    fired, missed = [], 0
    while True:
        decision = decide(every, state(cursor), until, until)
        fired += decision.ticks
        missed += decision.missed
        assert len(decision.ticks) <= BATCH
        assert decision.next_ms is not None
        cursor = decision.next_ms
        if cursor > until:
            break
    assert fired == [BASE + n * S for n in range(431, 501)]
    assert missed == 430


def test_a_year_of_missed_minutes_is_no_work() -> None:
    cron = schedule(Cron("* * * * *"))
    year = 365 * 86_400 * S
    decision = decide(cron, state(BASE), BASE + year, BASE + year)
    [tick] = decision.ticks
    assert BASE + year - 60 * S < tick <= BASE + year
    assert decision.next_ms == tick + 60 * S


def test_start_and_end_bound_the_ticks_and_an_interval_counts_from_its_start() -> None:
    every = schedule(Every(60), start=at(90), end=at(250))
    assert list(ticks(every, BASE, BASE)) == [BASE + n * S for n in (90, 150, 210)]
    decision = decide(every, state(BASE + 210 * S), BASE + 210 * S, 0)
    assert (decision.ticks, decision.next_ms) == ([BASE + 210 * S], None)
    cron = schedule(Cron("* * * * *"), start=at(90), end=at(250))
    assert [(tick - BASE) // S for tick in ticks(cron, BASE, BASE)] == [100, 160, 220]


def test_a_schedule_that_is_over_before_it_began_ends() -> None:
    over = schedule(Every(60), end=at(-5))
    assert decide(over, state(None), BASE, 0).next_ms is None


def test_jitter_spreads_jobs_and_every_worker_draws_the_same() -> None:
    spread = schedule(Every(60), jitter=30)
    delays = [delay_ms(spread, BASE + n * 60 * S) for n in range(300)]
    assert delays == [delay_ms(spread, BASE + n * 60 * S) for n in range(300)]
    assert 0 <= min(delays) < 3_000
    assert 27_000 < max(delays) <= 30_000
    cursor = BASE + 60 * S
    assert decide(spread, state(cursor), cursor + delay_ms(spread, cursor) - 1, 0).ticks == []
    assert decide(spread, state(cursor), cursor + delay_ms(spread, cursor), 0).ticks == [cursor]


@given(
    st.sampled_from(
        [Every(7), Every(0.01), Cron("*/5 * * * *"), Cron("3 4 * * 1-5", "Asia/Tokyo")]
    ),
    st.integers(0, 10**7),
    st.integers(1, 60),
)
def test_the_last_ticks_are_the_end_of_all_ticks(timing: Timing, span_ms: int, n: int) -> None:
    first = next(timing.ticks(BASE, BASE))
    until = first + (span_ms if not isinstance(timing, Every) else span_ms * timing.ms // 10_000)
    every = []
    for tick in timing.ticks(first - 1, BASE):
        if tick > until:
            break
        every.append(tick)
    assert last_ticks(timing, first, until, BASE, n) == every[-n:]


def test_working_hours_of_a_working_week() -> None:
    cron = Cron("*/5 8-18 * * mon-fri", "Europe/Oslo")
    friday = datetime(2026, 7, 3, 16, 50, tzinfo=UTC)  # 18:50 in Oslo
    found = cron.ticks(round(friday.timestamp() * 1000))
    seen = [datetime.fromtimestamp(next(found) / 1000, UTC) for _ in range(2)]
    assert seen == [friday + timedelta(minutes=5), datetime(2026, 7, 6, 6, 0, tzinfo=UTC)]

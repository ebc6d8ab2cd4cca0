"""What to do about a schedule that is due: which ticks get a job, and what comes next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from streamq.schedules.timing import last_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamq.operations import ScheduleState
    from streamq.schedules.schedule import Schedule

BATCH = 50  # ticks that get their jobs in one call; more come with the next one
_COUNTED = 1000  # missed ticks that are counted; what is more is as good as many


@dataclass(frozen=True, slots=True)
class Decision:
    """What one call of `fire` does."""

    ticks: list[int]  # that get a job, ms
    next_ms: int | None  # the cursor then; None: no tick comes any more
    missed: int  # ticks given up


def decide(schedule: Schedule, state: ScheduleState, now_ms: int, missed_ms: int) -> Decision:
    """What is due by the server's clock; ticks up to `missed_ms` were missed, others are late."""
    anchor = state.anchor_ms if schedule.start_ms is None else schedule.start_ms
    if state.cursor != "-":
        cursor: int | None = int(state.cursor)
    else:
        cursor = next(ticks(schedule, state.base_ms, anchor), None)
    due: list[int] = []
    missed = 0
    if cursor is not None and cursor <= missed_ms:
        due, missed = _made_up_for(schedule, cursor, min(missed_ms, now_ms), anchor)
        later = ticks(schedule, missed_ms, anchor)
    else:
        later = iter(()) if cursor is None else _from(schedule, cursor, anchor)
    cursor = None
    for tick in later:
        if len(due) >= BATCH or tick + delay_ms(schedule, tick) > now_ms:
            cursor = tick
            break
        due.append(tick)
    if len(due) > BATCH:
        due, cursor = due[:BATCH], due[BATCH]
    return Decision(due, cursor, missed)


def ticks(schedule: Schedule, after_ms: int, anchor_ms: int) -> Iterator[int]:
    """The schedule's ticks after that time, within its start and end."""
    if schedule.start_ms is not None:
        after_ms = max(after_ms, schedule.start_ms - 1)
        anchor_ms = schedule.start_ms
    found = schedule.timing.ticks(after_ms, anchor_ms)
    end = schedule.end_ms
    return found if end is None else takewhile(lambda tick: tick <= end, found)


def delay_ms(schedule: Schedule, tick_ms: int) -> int:
    """By how much a tick's job comes later: drawn from name and tick, so that all agree."""
    if not schedule.jitter_ms:
        return 0
    drawn = blake2b(f"{schedule.name}\0{tick_ms}".encode(), digest_size=6).digest()
    return int.from_bytes(drawn, "big") % (schedule.jitter_ms + 1)


def _from(schedule: Schedule, cursor: int, anchor: int) -> Iterator[int]:
    """Its ticks from the cursor on, the cursor included."""
    return chain([cursor], ticks(schedule, cursor, anchor))


def _made_up_for(
    schedule: Schedule, cursor: int, missed_ms: int, anchor: int
) -> tuple[list[int], int]:
    """Which of the missed ticks get a job after all, and how many don't."""
    until = missed_ms if schedule.end_ms is None else min(missed_ms, schedule.end_ms)
    kept = {"skip": 0, "once": 1, "all": schedule.missed_limit}[schedule.on_missed]
    found = last_ticks(schedule.timing, cursor, until, anchor, max(kept, _COUNTED))
    made_up = found[-kept:] if kept else []
    return made_up, len(found) - len(made_up)

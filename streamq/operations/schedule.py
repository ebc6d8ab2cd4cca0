"""Schedules: what is declared, what is due, and the one call that makes a tick's job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.operations.admit import opts_of
from streamq.operations.bind import bind, text, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.budget import Budget
    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value
    from streamq.operations.enqueue import NewJob

HELD_BACK_MS = 2**53 - 1  # due time of a job that waits for the run before it
MARK = "_at_"  # behind the time in the ids of jobs that a schedule made: how scripts know them
HOLD_MS = 30_000  # a declaration that isn't renewed for so long is nobody's any more
FORGET_MS = 24 * 3600 * 1000  # and after this it is as if it had never been seen
RUN_TIME = "-"  # stands for the fingerprint of what was given at run time


@dataclass(frozen=True, slots=True)
class Declaration:
    """A schedule as some code has it."""

    name: str  # "<application>/<name>"
    fingerprint: str  # of the whole definition
    timing: str  # digest of the expression alone
    definition: str  # empty: it is in another queue


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """Where a schedule stands."""

    version: int  # of its definition
    cursor: str  # its next tick in ms; "-": the first after `base_ms`; "end": there is none
    base_ms: int
    anchor_ms: int  # an interval's zero
    paused: bool
    last: str  # the job it made last, "-": none
    held: str  # the job held back behind that, "-": none
    fired: int
    missed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ScheduleRead:
    """A schedule with its definition."""

    name: str
    state: ScheduleState
    author: str  # fingerprint of the declaration, or `RUN_TIME`
    definition: str  # empty: it is in another queue


@dataclass(frozen=True, slots=True)
class Run:
    """One job that a schedule made."""

    id: str
    tick_ms: int
    fired_ms: int
    kind: str  # as an outcome's; "-": it has not ended
    ended_ms: int
    run_ms: int


@dataclass(frozen=True, slots=True)
class Timetabled:
    """All that is known of a schedule."""

    schedule: ScheduleRead
    due_ms: int | None  # when it is looked at; None: paused, or at its end
    declared_ms: int | None  # when some code last declared it
    runs: list[Run]  # the newest first


@dataclass(frozen=True, slots=True)
class Timetable:
    """A page of schedules."""

    cursor: str  # of the next page; empty: this was the last
    now_ms: int  # the server's clock
    entries: list[Timetabled]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look found."""

    now_ms: int  # the server's clock
    missed_ms: int  # unfired ticks up to then are missed; 0: none
    next_ms: int  # until the next one that isn't due yet is; -1: there is none
    held: int  # jobs that wait for the run before them
    due: list[ScheduleRead]


def declare(
    keys: QueueKeys,
    *,
    declarations: Sequence[Declaration],
    hold_ms: int = HOLD_MS,
    forget_ms: int = FORGET_MS,
) -> Call[list[str]]:
    """Says what a worker's code has, 1 to 200 schedules: OK, SAME, OLDER or UNKNOWN for each."""
    items = [part for d in declarations for part in (d.name, d.fingerprint, d.timing, d.definition)]
    return bind("declare", keys, words, items=items, hold_ms=hold_ms, forget_ms=forget_ms)


def define(
    keys: QueueKeys, *, schedule: str, version: int, timing: str, definition: str
) -> Call[str]:
    """Makes (version 0) or changes the version that was read: OK, or STALE."""
    return bind(
        "define",
        keys,
        text,
        schedule=schedule,
        version=version,
        timing=timing,
        definition=definition,
    )


def suspend(keys: QueueKeys, *, schedules: Sequence[str], paused: bool) -> Call[list[str]]:
    """Pauses 1 to 200 schedules or lets them go on: OK, ALREADY or UNKNOWN for each."""
    return bind("suspend", keys, words, items=schedules, paused=int(paused))


def withdraw(keys: QueueKeys, *, schedules: Sequence[str], hold_ms: int) -> Call[list[str]]:
    """Deletes 1 to 200 schedules: OK, UNKNOWN, or DECLARED within `hold_ms` (0: in any case)."""
    return bind("withdraw", keys, words, items=schedules, hold_ms=hold_ms)


def watch(keys: QueueKeys, *, look_ms: int, slack_ms: int = 1000, limit: int = 50) -> Call[Watched]:
    """Looks after the schedules of a queue, and promises to look again within `look_ms`."""
    return bind("watch", keys, _read_watch, look_ms=look_ms, slack_ms=slack_ms, limit=limit)


def _read_watch(reply: list[Any]) -> Watched:
    due = [
        read
        for i in range(4, len(reply), 3)
        if (read := _schedule(text(reply[i]), text(reply[i + 1]), text(reply[i + 2])))
    ]
    return Watched(reply[0], reply[1], reply[2], reply[3], due)


def fire(
    keys: QueueKeys,
    *,
    schedule: str,
    version: int,
    cursor: str,  # that was read; "*": an extra run
    next_cursor: str,
    look_at_ms: int,
    overlap: str,
    missed: int = 0,
    jobs: Sequence[tuple[int, NewJob]] = (),  # up to 200, each with its tick in ms
    budget: Budget | None = None,  # of its queue: they count in it, but are never refused
) -> Call[list[str]]:
    """Makes ticks' jobs and moves the cursor: STALE alone, or OK and a word for each job."""
    items: list[Value] = []
    for tick_ms, job in jobs:
        items += (job.id, tick_ms, job.expires, job.task, opts_of(job, budget), job.body)
    return bind(
        "fire",
        keys,
        words,
        items=items,
        schedule=schedule,
        version=version,
        cursor=cursor,
        next_cursor=next_cursor,
        look_at=look_at_ms,
        overlap=overlap,
        missed=missed,
    )


def timetable(
    keys: QueueKeys, *, names: Sequence[str] = (), cursor: str = "", limit: int = 50
) -> Call[Timetable]:
    """All of up to 200 schedules by name, or a page of about `limit`; unknown ones are left out."""
    return bind("timetable", keys, _read_timetable, items=names, cursor=cursor, limit=limit)


def _read_timetable(reply: list[Any]) -> Timetable:
    found = []
    for i in range(2, len(reply), 6):
        name, state, definition, due, seen, runs = map(text, reply[i : i + 6])
        read = _schedule(name, state, definition)
        if read is not None:
            declared = [int(one.split(" ")[2]) for one in seen.split(";") if one]
            ran = [_run(line) for line in runs.splitlines()]
            due_ms = int(float(due)) if due else None
            found.append(Timetabled(read, due_ms, max(declared, default=None), ran))
    return Timetable(text(reply[0]), reply[1], found)


def _run(line: str) -> Run:
    job_id, tick, fired, kind, ended, run_ms = line.split(" ")
    return Run(job_id, int(tick), int(fired), kind, int(ended), int(run_ms))


def _schedule(name: str, state: str, definition: str) -> ScheduleRead | None:
    """The schedule; None for one that was touched by hand."""
    parts = state.split(" ")
    if len(parts) != 11:  # noqa: PLR2004 - see lua/lib/schedule.lua
        return None
    version, cursor, base, anchor, paused, _, last, held, *numbers = parts
    author, _, told = definition.partition("\n")
    fired, missed, skipped = map(int, numbers)
    where = ScheduleState(
        *(int(version), cursor, int(base), int(anchor), paused == "1", last, held),
        *(fired, missed, skipped),
    )
    return ScheduleRead(name, where, author, told)

"""What scripts say of schedules, put into words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.asking import WHOLE, scan
from streamq.job_reading import moment, state_of
from streamq.job_state import JobState
from streamq.keys import scheduling
from streamq.operations import HOLD_MS, RUN_TIME, look, timetable
from streamq.schedules.info import ScheduledRun, ScheduleInfo
from streamq.schedules.planning import ticks
from streamq.schedules.texts import read_schedule
from streamq.schedules.timing import Cron, Every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.asking import Question
    from streamq.keys import QueueKeys
    from streamq.operations import Run, ScheduleState, Timetabled
    from streamq.runtime import Runtime
    from streamq.schedules.schedule import Schedule

_STATES = {
    "ok": JobState.SUCCEEDED,
    "none": JobState.SUCCEEDED,
    "unsendable": JobState.SUCCEEDED,
    "failed": JobState.DEAD,
    "poison": JobState.DEAD,
    "cancelled": JobState.CANCELLED,
    "expired": JobState.EXPIRED,
}


def queues_question(runtime: Runtime, app_name: str | None) -> Question[list[str]]:
    """Where an application has schedules, or (None) any has."""
    found = yield from scan("SSCAN", scheduling(runtime.namespace))
    pairs = [member.partition(" ") for member in found]
    return sorted({queue for app, _, queue in pairs if queue and app_name in {None, app}})


def list_question(runtime: Runtime, app_name: str | None) -> Question[list[ScheduleInfo]]:
    """All schedules of an application, or (None) of all, by name."""
    found: list[ScheduleInfo] = []
    for queue in (yield from queues_question(runtime, app_name)):
        keys = runtime.keys(queue)
        cursor = ""
        while True:
            (page,) = yield [timetable(keys, cursor=cursor)]
            mine = [
                one
                for one in page.entries
                if one.schedule.definition
                and app_name in {None, one.schedule.name.partition("/")[0]}
            ]
            found += yield from infos_question(runtime, keys, page.now_ms, mine)
            cursor = page.cursor
            if not cursor:
                break
    return sorted({(one.app, one.name): one for one in found}.values(), key=_by_name)


def infos_question(
    runtime: Runtime, keys: QueueKeys, now_ms: int, entries: Sequence[Timetabled]
) -> Question[list[ScheduleInfo]]:
    """Put into words, with the states of jobs that have not ended."""
    ids = [run.id for one in entries for run in one.runs if run.kind == "-"]
    states: dict[str, JobState] = {}
    for at in range(0, len(ids), WHOLE):
        (looks,) = yield [look(keys, ids=ids[at : at + WHOLE])]
        states |= {seen.id: state_of(seen)[0] for seen in looks}
    return [_info(runtime, keys.queue, now_ms, one, states) for one in entries]


def _info(
    runtime: Runtime, queue: str, now_ms: int, entry: Timetabled, states: dict[str, JobState]
) -> ScheduleInfo:
    read = entry.schedule
    app, _, name = read.name.partition("/")
    at_run_time = read.author == RUN_TIME
    facts: dict[str, Any] = {
        "queue": queue,
        "paused": read.state.paused,
        "source": "run time" if at_run_time else "code",
        "declared_at": moment(entry.declared_ms),
        "declared": at_run_time or (entry.declared_ms or 0) >= now_ms - HOLD_MS,
        "fired": read.state.fired,
        "missed": read.state.missed,
        "skipped": read.state.skipped,
        "runs": tuple(_run(one, states) for one in entry.runs),
    }
    try:
        types = {task: known.types for task, known in runtime.definitions.items()}
        schedule = read_schedule(read.name, read.definition, runtime.codec, types)
    except Exception as error:  # noqa: BLE001 - a user's decoder raises what it likes
        return ScheduleInfo(name, app, problem=" ".join(str(error).split()), **facts)
    return ScheduleInfo(name, app, **facts, **_defined(schedule, read.state))


def _defined(schedule: Schedule, state: ScheduleState) -> dict[str, Any]:
    timing = schedule.timing
    cron = timing if isinstance(timing, Cron) else None
    return {
        "task": schedule.task,
        "timing": timing.text,
        "cron": cron and cron.expression,
        "tz": cron and cron.tz,
        "every": timing.ms / 1000 if isinstance(timing, Every) else None,
        "args": schedule.args,
        "kwargs": schedule.kwargs,
        "options": schedule.options.said,
        "start": moment(schedule.start_ms),
        "end": moment(schedule.end_ms),
        "jitter": schedule.jitter_ms / 1000,
        "on_missed": schedule.on_missed,
        "missed_limit": schedule.missed_limit,
        "overlap": schedule.overlap,
        "next_run": None if state.paused else moment(_next(schedule, state)),
    }


def _next(schedule: Schedule, state: ScheduleState) -> int | None:
    if state.cursor == "end":
        return None
    if state.cursor == "-":
        return next(ticks(schedule, state.base_ms, state.anchor_ms), None)
    return int(state.cursor)


def _run(run: Run, states: dict[str, JobState]) -> ScheduledRun:
    ended = run.kind != "-"
    return ScheduledRun(
        run.id,
        moment(run.tick_ms),
        moment(run.fired_ms),
        _STATES.get(run.kind, JobState.UNKNOWN) if ended else states.get(run.id, JobState.UNKNOWN),
        moment(run.ended_ms) if ended else None,
        run.run_ms / 1000 if ended else None,
    )


def _by_name(info: ScheduleInfo) -> tuple[str, str]:
    return info.app, info.name

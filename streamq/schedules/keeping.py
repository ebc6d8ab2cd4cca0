"""What people do to schedules at run time, as questions for blocking and for async code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.asking import Command
from streamq.errors import JobExists
from streamq.keys import registry, scheduling
from streamq.operations import HOLD_MS, define, fire, suspend, timetable, withdraw
from streamq.option_checks import nearest
from streamq.schedules.errors import ScheduleError, UnknownSchedule
from streamq.schedules.making import extra_job, plan_question
from streamq.schedules.reading import infos_question, list_question, queues_question
from streamq.schedules.texts import declaration, full_name, read_schedule
from streamq.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.asking import Question
    from streamq.enqueuing import Plan
    from streamq.keys import QueueKeys
    from streamq.operations import NewJob, Timetabled
    from streamq.runtime import Runtime
    from streamq.schedules.info import ScheduleInfo
    from streamq.schedules.schedule import Schedule

_TRIES = 5  # of a change that others get in the way of


class Keeper:
    """One application's schedules, at the server. Names are "name", or "application/name"."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def create(self, schedule: Schedule) -> Question[ScheduleInfo]:
        """Make one; `ScheduleError` where there is one of that name."""
        full = self._full(schedule.name)
        found = yield from self._search(full)
        if not found:
            plan = yield from plan_question(self._runtime, schedule)
            yield from self.announce(plan.queue)
            if (yield from self._define(plan.keys, schedule, 0)) == "OK":
                return (yield from self._made("create schedule", schedule.name))
        raise ScheduleError(
            f"there is a schedule {schedule.name!r} already; app.schedules.update changes it"
        )

    def update(self, name: str, change: Callable[[Schedule], Schedule]) -> Question[ScheduleInfo]:
        """Change one; its runs and what is known of it stay."""
        for _ in range(_TRIES):
            keys, entry, _ = yield from self._find(name)
            schedule = change(self._read(entry))
            plan = yield from plan_question(self._runtime, schedule)
            if plan.queue != keys.queue:
                yield from self._move(keys, entry, schedule, plan.keys)
                return (yield from self._made("update schedule", name))
            word = yield from self._define(keys, schedule, entry.schedule.state.version)
            if word == "OK":
                return (yield from self._made("update schedule", name))
        raise ScheduleError(f"schedule {name!r} is being changed by others; try again")

    def suspend(self, name: str, *, paused: bool) -> Question[bool]:
        """Pause it, or let it go on; whether that changed anything."""
        keys, entry, _ = yield from self._find(name)
        full = entry.schedule.name
        answers = yield [suspend(keys, schedules=[full], paused=paused)]
        changed = bool(answers[0] == ["OK"])
        tell(f"{'pause' if paused else 'resume'} schedule", int(changed), schedule=full)
        return changed

    def delete(self, name: str, *, not_in_code: bool) -> Question[bool]:
        """Delete it; `ScheduleError` while some worker's code has it, unless that is known not."""
        keys, entry, _ = yield from self._find(name)
        hold_ms = 0 if not_in_code else HOLD_MS
        answers = yield [withdraw(keys, schedules=[entry.schedule.name], hold_ms=hold_ms)]
        if answers[0] == ["DECLARED"]:
            raise ScheduleError(
                f"schedule {name!r} is in the code of a worker that runs, which would make it "
                "again:\npause it, or remove it from the code and restart the workers"
            )
        deleted = bool(answers[0] == ["OK"])
        tell("delete schedule", int(deleted), schedule=entry.schedule.name)
        return deleted

    def trigger(self, name: str) -> Question[tuple[Plan, NewJob]]:
        """Make an extra job now; its ticks go on as they are, and a pause stays.

        Raises `JobExists` where another job has its unique key.
        """
        for _ in range(_TRIES):
            keys, entry, now_ms = yield from self._find(name)
            full, schedule = entry.schedule.name, self._read(entry)
            plan = yield from plan_question(self._runtime, schedule, keys.queue)
            job = extra_job(plan, schedule, full, now_ms)
            call = fire(
                keys,
                schedule=full,
                version=entry.schedule.state.version,
                cursor="*",
                next_cursor="end",
                look_at_ms=0,
                overlap="allow",
                jobs=[(now_ms, job)],
                budget=plan.budget.most if plan.budget else None,
            )
            answers = yield [call]
            word, _, holder = answers[0][-1].partition(" ")
            if word == "TAKEN":
                raise JobExists(
                    f"schedule {name!r}: job {holder} has the unique key of its task and has not "
                    "ended.\nLook at it: app.result(error.job_id)",
                    job_id=holder,
                )
            if word != "STALE":
                tell("trigger schedule", 1, schedule=full, job_id=job.id)
                return plan, job
        raise ScheduleError(f"schedule {name!r} is being changed by others; try again")

    def get(self, name: str) -> Question[ScheduleInfo]:
        """All that is known of one; `UnknownSchedule`."""
        keys, entry, now_ms = yield from self._find(name)
        found = yield from infos_question(self._runtime, keys, now_ms, [entry])
        return found[0]

    def all(self, *, of_all: bool = False) -> Question[list[ScheduleInfo]]:
        """All of this application, or of all applications."""
        mine = None if of_all else self._runtime.name
        return (yield from list_question(self._runtime, mine))

    def announce(self, queue: str, app_name: str | None = None) -> Question[None]:
        """Let workers know that there are schedules in this queue."""
        for key, member in (
            (registry(self._runtime.namespace), queue),
            (scheduling(self._runtime.namespace), f"{app_name or self._runtime.name} {queue}"),
        ):
            yield Command(("SADD", key, member), key)

    def _made(self, action: str, name: str) -> Question[ScheduleInfo]:
        info = yield from self.get(name)
        full = f"{info.app}/{info.name}"
        tell(action, 1, schedule=full, queue=info.queue, task=info.task, timing=str(info.timing))
        return info

    def _define(self, keys: QueueKeys, schedule: Schedule, version: int) -> Question[str]:
        runtime = self._runtime
        types = runtime.types_of(schedule.task)
        told = declaration(runtime.name, schedule, keys.queue, runtime.codec, types)
        answers = yield [
            define(
                keys,
                schedule=self._full(schedule.name),
                version=version,
                timing=told.timing,
                definition=told.definition,
            )
        ]
        return str(answers[0])

    def _move(
        self, keys: QueueKeys, entry: Timetabled, schedule: Schedule, to: QueueKeys
    ) -> Question[None]:
        """To another queue, another slot: it is quiet meanwhile, so that no tick comes twice."""
        full = entry.schedule.name
        yield [suspend(keys, schedules=[full], paused=True)]
        yield from self.announce(to.queue, full.partition("/")[0])
        if (yield from self._define(to, schedule, 0)) != "OK":
            raise ScheduleError(f"queue {to.queue!r} has another schedule {schedule.name!r}")
        if entry.schedule.state.paused:
            yield [suspend(to, schedules=[full], paused=True)]
        yield [withdraw(keys, schedules=[full], hold_ms=0)]

    def _find(self, name: str) -> Question[tuple[QueueKeys, Timetabled, int]]:
        found = yield from self._search(self._full(name))
        if not found:
            known = [one.name for one in (yield from self.all())]
            hint = nearest(name, known) if known else "; there is none at all"
            raise UnknownSchedule(f"no schedule {name!r} at the server{hint}")
        return found[0]

    def _search(self, full: str) -> Question[list[tuple[QueueKeys, Timetabled, int]]]:
        runtime = self._runtime
        queues = yield from queues_question(runtime, full.partition("/")[0])
        if not queues:
            return []
        pages = yield [timetable(runtime.keys(queue), names=[full]) for queue in queues]
        return [
            (runtime.keys(queue), entry, page.now_ms)
            for queue, page in zip(queues, pages, strict=True)
            for entry in page.entries
            if entry.schedule.definition
        ]

    def _read(self, entry: Timetabled) -> Schedule:
        runtime = self._runtime
        types = {task: known.types for task, known in runtime.definitions.items()}
        try:
            read = entry.schedule
            return read_schedule(read.name, read.definition, runtime.codec, types)
        except ValueError as error:
            raise ScheduleError(str(error)) from None

    def _full(self, name: str) -> str:
        if not isinstance(name, str):
            raise TypeError(f"schedule name {name!r}: must be a string")
        return name if "/" in name else full_name(self._runtime.name, name)

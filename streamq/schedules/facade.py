"""`app.schedules`: an application's schedules, as its code has them and as the server does."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

from streamq.option_checks import aware
from streamq.result import AsyncResult
from streamq.schedules.errors import ScheduleError, UnknownSchedule
from streamq.schedules.schedule import changed_schedule, make_schedule, make_timing, task_name
from streamq.schedules.timing import Cron, Every
from streamq.task import Enqueueable

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Unpack

    from streamq.asking import Question
    from streamq.runtime import Runtime
    from streamq.schedules.info import ScheduleInfo
    from streamq.schedules.keeping import Keeper
    from streamq.schedules.schedule import Schedule
    from streamq.schedules.timing import Timing
    from streamq.schedules.types import ScheduleDict

T = TypeVar("T")


class Schedules:
    """An application's schedules. Methods talk to the server; each has an async twin, `acreate`….

    Raises `UnknownSchedule` for a name that isn't there, `ScheduleError` for what can't be done,
    `TypeError` or `ValueError` for what can't be a schedule.
    """

    def __init__(self, runtime: Runtime, declared: Callable[[], Mapping[str, Schedule]]) -> None:
        self._runtime = runtime
        self._declared = declared

    @property
    def declared(self) -> Mapping[str, Schedule]:
        """Those in the code, by name."""
        return self._declared()

    @property
    def queues(self) -> builtins.list[str]:
        """The queues that those in the code name for their jobs."""
        named = [schedule.options.queue for schedule in self.declared.values()]
        return [queue for queue in named if queue]

    def create(
        self, name: str, task: Enqueueable[..., Any] | str, **when: Unpack[ScheduleDict]
    ) -> ScheduleInfo:
        """Make a schedule: `create("nightly", report, cron="0 3 * * *", args=("all",))`.

        Its first tick is the first one from now. A task of another codebase is given by name.
        """
        return self._ask(self._create(name, task, when))

    async def acreate(
        self, name: str, task: Enqueueable[..., Any] | str, **when: Unpack[ScheduleDict]
    ) -> ScheduleInfo:
        """As `create`, from async code."""
        return await self._aask(self._create(name, task, when))

    def update(self, name: str, **when: Unpack[ScheduleDict]) -> ScheduleInfo:
        """Change what is given of a schedule, at once; also of one that the code declares.

        That one stays as it is set here until its declaration in the code changes.
        """
        return self._ask(self._update(name, when))

    async def aupdate(self, name: str, **when: Unpack[ScheduleDict]) -> ScheduleInfo:
        """As `update`, from async code."""
        return await self._aask(self._update(name, when))

    def pause(self, name: str) -> bool:
        """No tick gets a job until `resume`, also after restarts; whether it was active."""
        return self._ask(self._keeper.suspend(name, paused=True))

    async def apause(self, name: str) -> bool:
        """As `pause`, from async code."""
        return await self._aask(self._keeper.suspend(name, paused=True))

    def resume(self, name: str) -> bool:
        """Go on with the next tick from now; whether it was paused."""
        return self._ask(self._keeper.suspend(name, paused=False))

    async def aresume(self, name: str) -> bool:
        """As `resume`, from async code."""
        return await self._aask(self._keeper.suspend(name, paused=False))

    def delete(self, name: str) -> bool:
        """Delete it with what is known of its runs; its jobs stay. Not while the code has it."""
        return self._ask(self._delete(name))

    async def adelete(self, name: str) -> bool:
        """As `delete`, from async code."""
        return await self._aask(self._delete(name))

    def delete_unless_declared(self, name: str) -> bool:
        """As `delete`, for who doesn't have the code: refused while some worker declares it."""
        return self._ask(self._keeper.delete(name, not_in_code=False))

    def trigger(self, name: str) -> AsyncResult[Any]:
        """Make an extra job now, also while it is paused; its ticks go on as they are."""
        return self._here(name) or self._made(self._ask(self._keeper.trigger(name)))

    async def atrigger(self, name: str) -> AsyncResult[Any]:
        """As `trigger`, from async code."""
        return self._here(name) or self._made(await self._aask(self._keeper.trigger(name)))

    def get(self, name: str) -> ScheduleInfo:
        """All that is known of one, its last 20 runs included."""
        return self._ask(self._keeper.get(name))

    async def aget(self, name: str) -> ScheduleInfo:
        """As `get`, from async code."""
        return await self._aask(self._keeper.get(name))

    def list(self) -> builtins.list[ScheduleInfo]:
        """All of this application at the server, by name.

        What the code declares is there once a worker with that code has started.
        """
        return self._ask(self._keeper.all())

    async def alist(self) -> builtins.list[ScheduleInfo]:
        """As `list`, from async code."""
        return await self._aask(self._keeper.all())

    def upcoming(self, name: str, after: datetime, count: int = 10) -> builtins.list[datetime]:
        """The next ticks of a schedule in the code, from an aware time on. Asks nobody.

        For tests of an expression: an interval without `start=` is counted from `after`.
        """
        from streamq.job_reading import moment  # noqa: PLC0415 - loads the codec
        from streamq.schedules.planning import ticks  # noqa: PLC0415 - only for this

        if name not in self.declared:
            known = ", ".join(sorted(self.declared)) or "there is none"
            raise UnknownSchedule(f"no schedule {name!r} in the code: {known}")
        if type(count) is not int or count < 0:
            raise ValueError(f"count={count!r}: must be a number of ticks, 0 or more")
        after_ms = round(aware(after, "after").timestamp() * 1000)
        found = islice(ticks(self.declared[name], after_ms, after_ms), count)
        return [cast("datetime", moment(tick)) for tick in found]

    # --- in common --------------------------------------------------------------------------

    @property
    def _keeper(self) -> Keeper:
        return self._runtime.desk.schedules

    def _ask(self, question: Question[T]) -> T:
        return self._runtime.desk.ask(question)

    async def _aask(self, question: Question[T]) -> T:
        return await self._runtime.desk.aask(question)

    def _create(
        self, name: str, task: Enqueueable[..., Any] | str, when: ScheduleDict
    ) -> Question[ScheduleInfo]:
        where = f"app.schedules.create({name!r})"
        given, timing = self._timing(when, where, None)
        schedule = make_schedule(name, task_name(task, where), timing, where, **given)
        self.check_arguments(schedule, where)
        return self._keeper.create(schedule)

    def _update(self, name: str, when: ScheduleDict) -> Question[ScheduleInfo]:
        where = f"app.schedules.update({name!r})"

        def change(old: Schedule) -> Schedule:
            given, timing = self._timing(when, where, old.timing)
            new = changed_schedule(old, timing, where, **given)
            self.check_arguments(new, where)
            return new

        return self._keeper.update(name, change)

    def _timing(
        self, when: ScheduleDict, where: str, old: Timing | None
    ) -> tuple[dict[str, Any], Timing]:
        """What is given but for the timing, and that."""
        given: dict[str, Any] = {key: it for key, it in when.items() if it is not None}
        cron, every, tz = (given.pop(key, None) for key in ("cron", "every", "tz"))
        if old is not None and cron is None and every is None and tz is None:
            return given, old
        if isinstance(old, Cron) and every is None:
            cron, tz = cron or old.expression, tz or old.tz
        elif isinstance(old, Every) and cron is None and every is None:
            every = old.ms / 1000
        try:
            return given, make_timing(cron, every, tz, default_zone(self._runtime))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None

    def _delete(self, name: str) -> Question[bool]:
        if name in self.declared:
            raise ScheduleError(
                f"schedule {name!r} is in the code, which would make it again:\n"
                "remove it there and restart the workers, or pause it"
            )
        return self._keeper.delete(name, not_in_code=True)

    def _here(self, name: str) -> AsyncResult[Any] | None:
        """In eager mode its job runs here and now."""
        schedule = self.declared.get(name)
        if not self._runtime.conf.eager or schedule is None:
            return None
        definition = self._runtime.definitions[schedule.task]
        call: Callable[..., AsyncResult[Any]]
        call = Enqueueable[..., Any](definition, self._runtime, schedule.options).delay
        return call(*schedule.args, **schedule.kwargs)

    def _made(self, made: tuple[Any, Any]) -> AsyncResult[Any]:
        plan, job = made
        return AsyncResult(job.id, self._runtime, plan.queue, plan.task, known=True)

    def check_arguments(self, schedule: Schedule, where: str) -> None:
        """Raise `TypeError` where its task is here and can't be called so, or can't be sent."""
        runtime = self._runtime
        definition = runtime.definitions.get(schedule.task)
        if definition is None:
            return
        misfit = definition.binder.misfit(schedule.args, schedule.kwargs)
        if misfit:
            raise TypeError(
                f"{where}: {definition.binder.signature}: {misfit};\n"
                "give its arguments to the schedule: args=(…,) or kwargs={…}"
            )
        if schedule.args or schedule.kwargs:  # encoding loads the codec
            kwargs = dict(schedule.kwargs)
            runtime.codec.encode_call(schedule.args, kwargs, {}, definition.types)


def default_zone(runtime: Runtime) -> str:
    """The time zone of cron expressions that name none: the application's, else UTC."""
    return str(getattr(runtime.conf.zone, "key", "UTC"))

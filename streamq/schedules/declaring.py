"""`@app.cron` and `@app.every`: schedules in the code, above a task or a plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from streamq.errors import ConfigurationError
from streamq.registering import Registering
from streamq.schedules.facade import Schedules, default_zone
from streamq.schedules.schedule import make_schedule, make_timing
from streamq.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from typing import Unpack

    from streamq.runtime import Runtime
    from streamq.schedules.schedule import Schedule
    from streamq.schedules.types import DeclaredDict, ScheduleDecorator


class Scheduling(Registering):
    """The part of an application that has its schedules."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._declared: dict[str, tuple[Schedule, Task[..., Any]]] = {}
        self.schedules = Schedules(runtime, self._scheduled)

    def cron(
        self, expression: str, /, *, tz: str | None = None, **options: Unpack[DeclaredDict]
    ) -> ScheduleDecorator:
        """Run a task by a cron expression: `@app.cron("*/5 8-18 * * mon-fri", tz="Europe/Oslo")`.

        Above `@app.task`, or on a plain function, which becomes a task. `tz`: a name of the time
        zone database; None: the setting `timezone`, else UTC. Refused where it can't be: a bad
        expression, an unknown zone, arguments that the task doesn't take.
        """
        where = f"@app.cron({expression!r})"
        return self._decorator(where, {"cron": expression, "tz": tz}, options)

    def every(
        self, interval: float | timedelta, /, **options: Unpack[DeclaredDict]
    ) -> ScheduleDecorator:
        """Run a task at an interval, seconds or a timedelta: `@app.every(timedelta(minutes=5))`.

        The first tick is one interval after a worker first declares it, or at `start=`. Otherwise
        as `cron`.
        """
        where = f"@app.every({interval!r})"
        return self._decorator(where, {"every": interval}, options)

    def _decorator(self, where: str, when: dict[str, Any], options: Any) -> ScheduleDecorator:
        given = {key: value for key, value in options.items() if value is not None}
        name = given.pop("name", None)
        try:
            timing = make_timing(
                when.get("cron"), when.get("every"), when.get("tz"), default_zone(self.runtime)
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None

        def declare(function: Callable[..., Any] | Task[..., Any]) -> Task[..., Any]:
            task = function if isinstance(function, Task) else self._plain(function, where)
            chosen = name if name is not None else self._free_name(task)
            full = f"{where} on {task.name}"
            schedule = make_schedule(chosen, task.name, timing, full, **given)
            self.schedules.check_arguments(schedule, full)
            known = self._declared.get(chosen)
            if known is not None and self._tasks.get(known[1].name) is known[1]:
                raise ConfigurationError(
                    f"{full}: another schedule has the name {chosen!r}; name='…' gives it another"
                )
            self._declared[chosen] = (schedule, task)
            return task

        return cast("ScheduleDecorator", declare)

    def _plain(self, function: Callable[..., Any], where: str) -> Task[..., Any]:
        if isinstance(function, type) or not callable(cast("object", function)):
            raise ConfigurationError(f"{where} on {function!r}: it takes a task or a function")
        return self._register(function, None, {}, bind=False)

    def _free_name(self, task: Task[..., Any]) -> str:
        """The task's name; of its second schedule with -2 behind, and so on."""
        names = [task.name, *(f"{task.name}-{number}" for number in range(2, 1000))]
        return next(
            name
            for name in names
            if name not in self._declared or self._declared[name][1] is not task
        )

    def _scheduled(self) -> dict[str, Schedule]:
        """Those of tasks that are registered: one defined anew takes its old ones along."""
        return {
            name: schedule
            for name, (schedule, task) in self._declared.items()
            if self._tasks.get(task.name) is task
        }

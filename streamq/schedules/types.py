"""What schedules take, as type checkers see it; never imported at run time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping  # noqa: TC003 - as below
from datetime import datetime, timedelta  # noqa: TC003 - nothing here runs
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from streamq.option_types import CallOptionsDict
from streamq.schedules.schedule import OnMissed, Overlap  # noqa: TC001 - nothing here runs
from streamq.task import AsyncTask, PlainTask, Task  # noqa: TC001 - nothing here runs

P = ParamSpec("P")
T = TypeVar("T")
TaskT = TypeVar("TaskT", bound=Task[..., Any])


class _Common(CallOptionsDict, total=False):
    args: Iterable[Any] | None
    kwargs: Mapping[str, Any] | None
    start: datetime | None  # aware; no tick before it; an interval counts from it
    end: datetime | None  # aware; no tick after it
    jitter: float | timedelta | None  # seconds; spreads jobs over this long after their tick
    on_missed: OnMissed | None  # "once" (one job for all that were missed), "skip", "all"
    missed_limit: int | None  # the most that "all" makes up for, 100
    overlap: Overlap | None  # "allow", "skip" or "queue_one", while the run before goes on


class DeclaredDict(_Common, total=False):
    """Options of `@app.cron` and `@app.every`: of the schedule, and of its jobs."""

    name: str | None  # None: the task's


class ScheduleDict(_Common, total=False):
    """What `create` and `update` take."""

    cron: str | None  # "*/5 8-18 * * mon-fri"; this or `every`
    every: float | timedelta | None  # seconds
    tz: str | None  # of the cron expression; None: the setting `timezone`, else UTC


class ScheduleDecorator(Protocol):
    """What both decorators are: a task stays what it is, a function becomes one."""

    @overload
    def __call__(self, task: TaskT, /) -> TaskT: ...
    @overload
    def __call__(  # type: ignore[overload-overlap] # a coroutine function is a function, too
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T], /) -> PlainTask[P, T]: ...

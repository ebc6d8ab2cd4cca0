"""`@app.task`: how functions become tasks of an application, typed."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Literal,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from streamq.definition import Definition, default_name
from streamq.errors import ConfigurationError
from streamq.options import task_options
from streamq.task import AsyncTask, PlainTask, Task
from streamq.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Unpack

    from streamq.context import RunningJob
    from streamq.option_types import TaskOptionsDict
    from streamq.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")


class TaskDecorator(Protocol):
    """What `@app.task(…)` is."""

    @overload
    def __call__(  # type: ignore[overload-overlap] # a coroutine function is a function, too
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def __call__(self, function: Callable[P, T], /) -> PlainTask[P, T]: ...


class BoundTaskDecorator(Protocol):
    """What `@app.task(bind=True, …)` is: the running job is not among the call's arguments."""

    @overload
    def __call__(  # type: ignore[overload-overlap] # as above
        self, function: Callable[Concatenate[RunningJob, P], Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[RunningJob, P], T], /) -> PlainTask[P, T]: ...


class Registering:
    """The part of an application that has its tasks."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime  # shared by tasks, calls and results
        self._tasks: dict[str, Task[..., Any]] = {}

    @overload
    def task(  # type: ignore[overload-overlap] # as above
        self, function: Callable[P, Coroutine[Any, Any, T]], /
    ) -> AsyncTask[P, T]: ...
    @overload
    def task(self, function: Callable[P, T], /) -> PlainTask[P, T]: ...
    @overload
    def task(
        self,
        *,
        bind: Literal[True],
        name: str | None = None,
        **options: Unpack[TaskOptionsDict],
    ) -> BoundTaskDecorator: ...
    @overload
    def task(
        self,
        *,
        bind: Literal[False] = False,
        name: str | None = None,
        **options: Unpack[TaskOptionsDict],
    ) -> TaskDecorator: ...
    def task(  # type: ignore[misc] # mypy takes Unpack for a parameter that is missing here
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        bind: bool = False,
        **options: Unpack[TaskOptionsDict],
    ) -> Any:
        """Make a function a task: `@app.task`, or `@app.task(queue="mail", max_attempts=5)`.

        `bind=True` passes the running job first. An unknown option is a `TypeError` that names
        the nearest known one; a name that another function has is a `ConfigurationError`.
        """

        def register(function: Callable[..., Any]) -> Task[..., Any]:
            return self._register(function, name, options, bind=bind)

        return register if function is None else register(function)

    def _register(
        self,
        function: Callable[..., Any],
        name: str | None,
        options: Mapping[str, Any],
        *,
        bind: bool,
    ) -> Task[..., Any]:
        if isinstance(function, (Task, type)) or not callable(cast("object", function)):
            raise ConfigurationError(
                f"@app.task on {function!r}: it takes a function; options are given by name, "
                "as in @app.task(queue='mail')"
            )
        chosen = name if name is not None else default_name(function, self.runtime.name)
        given = in_zone(options, self.runtime.conf.zone)
        declared = task_options(given, f"@app.task on {chosen}")
        definition = Definition(function, chosen, declared, bind=bind)
        definition.check_keys(declared)
        known = self._tasks.get(chosen)
        if known is not None and not known.definition.is_same_place(definition):
            raise ConfigurationError(
                f"two tasks have the name {chosen!r}: at {known.definition.place} "
                f"and {definition.place};\n@app.task(name='…') gives one of them another"
            )
        kind = AsyncTask if definition.is_async else PlainTask
        made: Task[..., Any] = kind(definition, self.runtime)
        self._tasks[chosen] = made
        self.runtime.definitions[chosen] = definition
        return made

"""A task as its author wrote it: the function, its name, its declared options."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from streamq.errors import ConfigurationError
from streamq.option_checks import queue_name
from streamq.redaction import marks_of, redacted
from streamq.signature import Binder
from streamq.uniqueness import check_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from streamq.codec import TaskTypes
    from streamq.context import RunningJob
    from streamq.options import CallOptions

_MANY = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class Definition:
    """Immutable; raises `ConfigurationError` for what can't be a task."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        declared: CallOptions,
        *,
        bind: bool = False,  # the running job comes first
    ) -> None:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is not None and code.co_flags & _MANY:
            raise ConfigurationError(
                f"task {name}: a generator can't be a task, as its result is no value; "
                "return a list, or enqueue a job for each item"
            )
        try:
            self.name = queue_name(name, "task name")
        except ValueError as error:
            raise ConfigurationError(f"{error}; @app.task(name=…) sets it") from None
        self.function = function
        self.bind = bind
        self.is_async = inspect.iscoroutinefunction(function)
        self.binder = Binder(function, name, bound=bind)
        if declared.redact:
            marks = marks_of(declared.redact, self.binder.parameters, name)
            declared = replace(declared, redact=marks)
        self.declared = declared
        self.file: str = code.co_filename if code else "?"
        self.line: int = code.co_firstlineno if code else 0

    @cached_property
    def types(self) -> TaskTypes:
        """What its annotations name, for the codec."""
        from streamq.codec import TaskTypes  # noqa: PLC0415 - not needed to define a task

        return TaskTypes(self.function, self.binder.names)

    def call(self, job: RunningJob, args: Iterable[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call the function for a job; of an `async def` one gives the coroutine."""
        first = (job,) if self.bind else ()
        return self.function(*first, *args, **kwargs)

    @property
    def place(self) -> str:
        """Where it is written, for messages."""
        return f"{self.file}:{self.line}"

    def check_keys(self, options: CallOptions) -> None:
        """Refuse limits, lanes and unique keys that name no argument of it: `TypeError`."""
        if options.unique:
            check_by(options.unique, self)
        if options.rate_limit or options.concurrency or options.lane:
            from streamq.limits_of import check_keys  # noqa: PLC0415 - only for who has limits

            check_keys(self.name, self.binder.parameters, options)

    def shown(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Arguments as they may be shown."""
        marks = self.declared.redact
        return redacted(args, kwargs, marks) if marks else (args, kwargs)

    def canonical(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments that fit, as they would be written by position: the same call, the same way."""
        bound = self.signature.bind(*args, **kwargs)
        return bound.args, bound.kwargs

    @cached_property
    def signature(self) -> inspect.Signature:
        """What a call gives it: without the running job."""
        signature = inspect.signature(self.function)
        if self.bind:
            rest = list(signature.parameters.values())[1:]
            signature = signature.replace(parameters=rest)
        return signature

    def is_same_place(self, other: Definition) -> bool:
        """Whether the other is this one again: a module loaded twice, a cell run again."""
        if self.file.startswith("<"):  # typed in: there are no files to compare
            return other.file.startswith("<")
        return (self.file, self.line) == (other.file, other.line)


def default_name(function: Callable[..., Any], app_name: str) -> str:
    """`module.function`; in `__main__` the application's name stands for the module."""
    unwrapped = inspect.unwrap(function)
    name = getattr(unwrapped, "__name__", None)
    module = getattr(unwrapped, "__module__", None) or "__main__"
    if not isinstance(name, str):
        raise ConfigurationError(f"{function!r} has no name: @app.task(name='…') gives it one")
    if name == "<lambda>":
        raise ConfigurationError("a lambda has no name: @app.task(name='…') gives it one")
    return f"{app_name if module == '__main__' else module}.{name}"

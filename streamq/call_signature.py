"""A call of a task to enqueue later: `add.s(4, 4)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from streamq.option_types import CallOptionsDict
    from streamq.result import AsyncResult
    from streamq.task import Enqueueable

T = TypeVar("T")


class TaskCall(Generic[T]):
    """A task, arguments that fit it, and options; immutable, may be enqueued any number of times.

    The arguments are kept as they are and encoded by `delay`: what is changed in them before
    that is sent.
    """

    __slots__ = ("args", "kwargs", "task")

    def __init__(
        self, task: Enqueueable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.task = task  # with the options of this call
        self.args = args
        self.kwargs = dict(kwargs)

    def options(self, **options: Unpack[CallOptionsDict]) -> TaskCall[T]:
        """The same call under more options, which go over those it has."""
        return TaskCall(self.task.options(**options), self.args, self.kwargs)

    def delay(self) -> AsyncResult[T]:
        """Enqueue it; raises as `Task.delay`."""
        return self.task.delay(*self.args, **self.kwargs)

    async def adelay(self) -> AsyncResult[T]:
        """As `delay`, from async code."""
        return await self.task.adelay(*self.args, **self.kwargs)

    def apply_async(self, **options: Unpack[CallOptionsDict]) -> AsyncResult[T]:
        """Enqueue it under more options."""
        return (self.options(**options) if options else self).delay()

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{name}={it!r}" for name, it in self.kwargs.items())]
        return f"{self.task.name}({', '.join(given)})"

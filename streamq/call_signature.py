"""A call of a task to enqueue later: `add.s(4, 4)`, or by name `app.call("shop.add", (4, 4))`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from streamq.errors import ConfigurationError
from streamq.options import call_options
from streamq.result import AsyncResult
from streamq.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from streamq.definition import Definition
    from streamq.enqueuing import Plan
    from streamq.operations import NewJob
    from streamq.option_types import CallOptionsDict
    from streamq.options import CallOptions
    from streamq.runtime import Runtime
    from streamq.task import Enqueueable

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class FollowUp(Generic[T]):
    """A call checked and encoded, to be made in the step that ends the job it follows from."""

    plan: Plan
    job: NewJob
    handle: AsyncResult[T]
    definition: Definition | None = None  # None: its function is elsewhere


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

    def follow_up(self) -> FollowUp[T]:
        """What `job.enqueue` takes; refuses an idempotency key."""
        return _follow_up(*self.task.prepare(self.args, self.kwargs), self.task.definition)

    def __repr__(self) -> str:
        return f"{self.task.name}({_written(*self.task.definition.shown(self.args, self.kwargs))})"


class NamedCall:
    """A call of a task by its name, whose function is elsewhere; made by `app.call`."""

    __slots__ = ("_runtime", "_said", "args", "kwargs", "name")

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        said: CallOptions,
    ) -> None:
        self.name, self.args, self.kwargs = name, args, dict(kwargs)
        self._runtime, self._said = runtime, said

    def options(self, **options: Unpack[CallOptionsDict]) -> NamedCall:
        """The same call under more options, which go over those it has."""
        given = in_zone(options, self._runtime.conf.zone)
        said = call_options(given, f"{self.name}.options()").over(self._said)
        return NamedCall(self._runtime, self.name, self.args, self.kwargs, said)

    def delay(self) -> AsyncResult[Any]:
        """Enqueue it; raises as `StreamQ.send_task`."""
        plan, job = self._prepare()
        job_id = self._runtime.desk.enqueue(((plan, job),))[0]
        return AsyncResult(job_id, self._runtime, plan.queue, self.name, known=True)

    async def adelay(self) -> AsyncResult[Any]:
        """As `delay`, from async code."""
        desk = self._runtime.desk
        plan = await desk.aask(desk.by_name.plan(self.name, self._said, self.args, self.kwargs))
        job = plan.prepare(self.args, self.kwargs)
        job_id = (await desk.aenqueue(((plan, job),)))[0]
        return AsyncResult(job_id, self._runtime, plan.queue, self.name, known=True)

    def follow_up(self) -> FollowUp[Any]:
        """What `job.enqueue` takes; asks the server what the task's workers published."""
        return _follow_up(*self._prepare())

    def _prepare(self) -> tuple[Plan, NewJob]:
        desk = self._runtime.desk
        plan = desk.ask(desk.by_name.plan(self.name, self._said, self.args, self.kwargs))
        return plan, plan.prepare(self.args, self.kwargs)

    def __repr__(self) -> str:
        return f"{self.name}({_written(self.args, self.kwargs)})"


def _follow_up(plan: Plan, job: NewJob, definition: Definition | None = None) -> FollowUp[Any]:
    if job.idempotency is not None:
        raise ConfigurationError(
            f"job.enqueue({plan.task}): it needs no idempotency_key and takes none; a follow-up is "
            "made in the step that ends its job, which is done once"
        )
    if job.unique and plan.unique is not None and plan.unique.on_conflict == "raise":
        raise ConfigurationError(
            f"job.enqueue({plan.task}): its unique key says on_conflict='raise', and a follow-up "
            "is made in a step that can't raise;\ngive this call another: "
            "unique=Unique(…, on_conflict='return'), 'replace' or 'queue_one'"
        )
    handle = AsyncResult[Any](job.id, plan.runtime, plan.queue, plan.task)
    return FollowUp(plan, job, handle, definition)


def _written(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    return ", ".join([*map(repr, args), *(f"{name}={it!r}" for name, it in kwargs.items())])


def checked_call(
    task: Enqueueable[..., T], call: tuple[Any, ...] | TaskCall[T]
) -> tuple[Plan, tuple[Any, ...], dict[str, Any]]:
    """Plan and arguments of one of many calls of a task; `TypeError` for what is none."""
    if isinstance(call, TaskCall):
        target, args, kwargs = call.task, call.args, call.kwargs
        if target.definition is not task.definition:
            raise TypeError(f"{task.name}.delay_many: {call!r} is a call of another task")
    elif isinstance(call, (tuple, list)):
        target, args, kwargs = task, tuple(call), {}
    else:
        raise TypeError(
            f"{task.name}.delay_many: {call!r} is no tuple of arguments; "
            f"for one argument write ({call!r},)"
        )
    target.check_arguments(args, kwargs)
    return target.plan(args, kwargs), args, kwargs

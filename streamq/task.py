"""A task: called, it runs here; `.delay()` enqueues a job for a worker to run it."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from streamq.call_signature import TaskCall, checked_call
from streamq.context import current_job
from streamq.effective import options_of, said_by_call
from streamq.options import CallOptions, call_options
from streamq.result import AsyncResult
from streamq.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from typing import Unpack

    from streamq.codec import TaskTypes
    from streamq.definition import Definition
    from streamq.enqueuing import Plan
    from streamq.operations import NewJob
    from streamq.option_types import CallOptionsDict
    from streamq.options import TaskOptions
    from streamq.retry import RetryPolicy
    from streamq.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")


class Enqueueable(Generic[P, T]):
    """What can be enqueued: a task, or a task under the options of some calls.

    Enqueuing checks the arguments against the function and encodes them before anything is
    sent. Raises `TypeError` for arguments that don't fit, `EncodeError` for what can't be sent,
    `BrokerUnavailable` if the server was never reached, `EnqueueUncertain` if it didn't confirm in
    time, `IdempotencyConflict`. A reply that gets lost makes no second job.
    """

    def __init__(self, definition: Definition, runtime: Runtime, said: CallOptions) -> None:
        self.definition = definition
        self._runtime = runtime
        self._said = said  # by the call
        self._check = definition.binder.check
        self._plan: Plan | None = None
        self._options: tuple[int, TaskOptions | None] = (-1, None)  # and for which settings

    @property
    def name(self) -> str:
        """The task's name."""
        return self.definition.name

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[T]:
        """Enqueue a job with these arguments."""
        try:
            self._check(*args, **kwargs)
        except TypeError:
            raise self.definition.binder.refusal(args, kwargs) from None
        plan = self.plan(args, kwargs)
        if plan.eager:
            job = plan.prepare(args, kwargs)
            return self._handle(job.id, plan, job)
        job_id = self._runtime.desk.enqueue_one(plan, args, kwargs)
        return AsyncResult(job_id, plan.runtime, plan.queue, plan.task, known=True)

    async def adelay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[T]:
        """As `delay`, from async code."""
        try:
            self._check(*args, **kwargs)
        except TypeError:
            raise self.definition.binder.refusal(args, kwargs) from None
        plan = self.plan(args, kwargs)
        job = plan.prepare(args, kwargs)
        desk = self._runtime.desk
        if plan.eager:
            outcome = await desk.arun_here(self.definition, plan, job)
            return AsyncResult(job.id, self._runtime, plan.queue, plan.task, ran_here=outcome)
        return self._handle((await desk.aenqueue(((plan, job),)))[0], plan)

    def delay_many(self, calls: Iterable[tuple[Any, ...] | TaskCall[T]]) -> list[AsyncResult[T]]:
        """Enqueue many jobs at once: a tuple of arguments each, or `task.s(…)`.

        200 go in one call. A thousand are checked and encoded before the first is sent, and
        ahead of what is sent from then on; a note on what fails says how many are enqueued.
        """
        runtime = self._runtime
        if not runtime.conf.eager:
            return runtime.desk.enqueue_many(partial(checked_call, self), calls)
        planned = [self._planned(call) for call in calls]
        return [self._handle(job.id, plan, job) for plan, job in planned]

    async def adelay_many(
        self, calls: Iterable[tuple[Any, ...] | TaskCall[T]]
    ) -> list[AsyncResult[T]]:
        """As `delay_many`, from async code; all are encoded before the first is sent."""
        planned = [self._planned(call) for call in calls]
        if self._runtime.conf.eager:
            return [self._handle(job.id, plan, job) for plan, job in planned]
        job_ids = await self._runtime.desk.aenqueue(planned)
        return [self._handle(one, plan) for one, (plan, _) in zip(job_ids, planned, strict=True)]

    def apply_async(
        self,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptionsDict],
    ) -> AsyncResult[T]:
        """Enqueue a job, in Celery's spelling; type checkers can't check the arguments."""
        target: Enqueueable[..., T] = self.options(**options) if options else self
        return target.delay(*args, **(kwargs or {}))

    def s(self, *args: P.args, **kwargs: P.kwargs) -> TaskCall[T]:
        """A call to enqueue later."""
        self.check_arguments(args, kwargs)
        return TaskCall(self, args, kwargs)

    def options(self, **options: Unpack[CallOptionsDict]) -> Enqueueable[P, T]:
        """The same task, under these options for the calls made through it."""
        given = in_zone(options, self._runtime.conf.zone)
        said = call_options(given, f"{self.name}.options()")
        self.definition.check_keys(said)
        return Enqueueable(self.definition, self._runtime, said.over(self._said))

    def plan(self, args: Any = (), kwargs: Any = None) -> Plan:
        """How its jobs are enqueued now; the arguments are for routes that look at them."""
        plan = self._plan
        if plan is None or plan.version != self._runtime.conf.version:
            runtime, said = self._runtime, self._said
            by_call = runtime.routing.by_call
            if by_call:
                said = said_by_call(runtime, self.definition, said, args, kwargs)
            plan = runtime.desk.plan(self.definition, self.task_options, said)
            self._plan = None if by_call else plan
        return plan

    @property
    def task_options(self) -> TaskOptions:
        """What holds for the task, nothing left open; see `streamq.effective`."""
        conf = self._runtime.conf
        version, options = self._options
        if options is None or version != conf.version:
            version = conf.version
            options = options_of(self._runtime, self.definition)
            self._options = (version, options)
        return options

    def check_arguments(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raise `TypeError` if the task can't be called so."""
        try:
            self._check(*args, **kwargs)
        except TypeError:
            raise self.definition.binder.refusal(args, kwargs) from None

    def prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Plan, NewJob]:
        """A job, checked and encoded but not sent."""
        self.check_arguments(args, kwargs)
        plan = self.plan(args, kwargs)
        return plan, plan.prepare(args, kwargs)

    def _planned(self, call: tuple[Any, ...] | TaskCall[T]) -> tuple[Plan, NewJob]:
        plan, args, kwargs = checked_call(self, call)
        return plan, plan.prepare(args, kwargs)

    def _handle(self, job_id: str, plan: Plan, job: NewJob | None = None) -> AsyncResult[T]:
        desk = self._runtime.desk
        outcome = desk.run_here(self.definition, plan, job) if job is not None else None
        return AsyncResult(
            job_id, plan.runtime, plan.queue, plan.task, known=True, ran_here=outcome
        )


class Task(Enqueueable[P, T]):
    """A registered function; made by `@app.task`. See `Enqueueable` for how it is enqueued."""

    __name__: str  # these two as the function has them
    __qualname__: str

    def __init__(self, definition: Definition, runtime: Runtime) -> None:
        super().__init__(definition, runtime, CallOptions())
        update_wrapper(cast("Any", self), definition.function)

    @property
    def function(self) -> Callable[..., Any]:
        """The function as it was written."""
        return self.definition.function

    @property
    def is_async(self) -> bool:
        """Whether it is an `async def`."""
        return self.definition.is_async

    @property
    def bind(self) -> bool:
        """Whether the running job is passed first."""
        return self.definition.bind

    @property
    def policy(self) -> RetryPolicy:
        """When its jobs are retried."""
        return self.task_options.retry

    @property
    def annotations(self) -> TaskTypes:
        """What its annotations name: for decoding arguments and results."""
        return self.definition.types

    def fits(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str | None:
        """Why the function can't be called so, or None."""
        binder = self.definition.binder
        misfit = binder.misfit(tuple(args), kwargs)
        return misfit and f"{binder.signature}: {misfit}"

    def published(self) -> str:
        """What workers publish of it, as JSON."""
        from streamq.publishing import task_text  # noqa: PLC0415 - only workers publish

        return task_text(self._runtime, self.definition)

    def __repr__(self) -> str:
        return f"<task {self.definition.binder.signature}>"


class PlainTask(Task[P, T]):
    """A task of a `def` function; runs on a thread."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it here, as the plain function that it is."""
        first = (current_job(),) if self.definition.bind else ()
        result: T = self.definition.function(*first, *args, **kwargs)
        return result


class AsyncTask(Task[P, T]):
    """A task of an `async def` function; runs on the worker's event loop."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        """Run it here, as the coroutine function that it is."""
        first = (current_job(),) if self.definition.bind else ()
        coroutine: Coroutine[Any, Any, T] = self.definition.function(*first, *args, **kwargs)
        return coroutine

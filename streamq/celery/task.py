"""A task as Celery has it: `.delay()`, `.apply_async(…)`, `self.request`, `self.retry()`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamq import AsyncResult as Job
from streamq.celery import states
from streamq.celery.canvas import Signature
from streamq.celery.core_part import CorePart
from streamq.celery.exceptions import MaxRetriesExceededError, OperationalError
from streamq.celery.later import refuse_workflow
from streamq.celery.request import Context, current, enter, leave
from streamq.celery.result import AsyncResult, EagerResult
from streamq.celery.retrying import asked
from streamq.celery.running import applying
from streamq.celery.storing import store
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta

    from streamq.celery.app import Celery

_MESSAGE = 1000  # characters of a state and its meta


class Task(CorePart):
    """The base of all tasks; `base=` names another one. There is one instance per task.

    Class attributes are the options of Celery's tasks, with Celery's defaults.
    """

    MaxRetriesExceededError = MaxRetriesExceededError
    OperationalError = OperationalError

    app: Celery
    name: str = ""
    abstract = True
    max_retries: int | None = 3  # of self.retry(); None: no limit
    default_retry_delay: float = 180  # seconds
    autoretry_for: tuple[type[BaseException], ...] = ()
    dont_autoretry_for: tuple[type[BaseException], ...] = ()
    retry_kwargs: Mapping[str, Any] = {}
    retry_backoff: bool | float = False
    retry_backoff_max: int = 600  # seconds
    retry_jitter: bool = True
    throws: tuple[type[BaseException], ...] = ()
    ignore_result: bool | None = None
    queue: str | None = None
    priority: int | None = None  # 0, the usual one, is the highest, 9 the lowest
    expires: float | None = None
    rate_limit: str | None = None
    time_limit: float | None = None
    soft_time_limit: float | None = None
    serializer: str | None = None
    acks_late: bool = True  # always so here

    run: Callable[..., Any]  # what the task does

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it here, as the plain function that it is."""
        token = enter(Context(task=self.name, args=list(args), kwargs=kwargs))
        try:
            return self.run(*args, **kwargs)
        finally:
            leave(token)

    # --- enqueueing ------------------------------------------------------------------------

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult:
        """Enqueue it with these arguments."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        producer: object = None,
        link: Any = None,
        link_error: Any = None,
        shadow: str | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Enqueue it under options of Celery's; raises as streamq's `Task.delay`.

        `task_id` also is an idempotency key: again with the same arguments it makes no second
        job, with others it raises `IdempotencyConflict`.
        """
        given = {**options, "task_id": task_id, "producer": producer, "shadow": shadow}
        given |= {"link": link, "link_error": link_error}
        said = self.app.call_options(self.name, given)
        job = self.core.options(**said).delay(*(args or ()), **(kwargs or {}))
        kind = EagerResult if job.ran_here else AsyncResult
        result = kind(task_id or job.id, task_name=self.name, app=self.app, job=job)
        if job.ran_here and self.app.setting("task_store_eager_result", default=False):
            store(self.app, job, said)
        if job.ran_here and self.app.setting("task_eager_propagates", default=False):
            result.get()
        return result

    def apply(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        throw: bool | None = None,
        **options: Any,
    ) -> EagerResult:
        """Run it here and now, as a worker would; `throw` raises what it raises."""
        said = self.app.call_options(self.name, {**options, "task_id": task_id})
        plan, job = self.core.options(**said).prepare(tuple(args or ()), dict(kwargs or {}))
        runtime = self.app.runtime
        with applying():
            outcome = runtime.desk.run_here(self.core.definition, plan, job)
        handle: Job[Any] = Job(job.id, runtime, plan.queue, self.name, ran_here=outcome)
        result = EagerResult(task_id or job.id, task_name=self.name, app=self.app, job=handle)
        if self.app.setting("task_eager_propagates", default=False) if throw is None else throw:
            result.get()
        return result

    def signature(self, args: Any = None, *more: Any, **options: Any) -> Signature:
        """A call to make later: `add.signature((2, 2), countdown=10)`."""
        options["app"] = self.app
        return Signature(self.name, args, *more, **options)

    subtask = signature

    def s(self, *args: Any, **kwargs: Any) -> Signature:
        """The same: `add.s(2, 2)`."""
        return Signature(self.name, args, kwargs, app=self.app)

    def si(self, *args: Any, **kwargs: Any) -> Signature:
        """The same, immutable: results are not added to its arguments."""
        return Signature(self.name, args, kwargs, immutable=True, app=self.app)

    def AsyncResult(self, task_id: str, **_: Any) -> AsyncResult:
        """The result of a task by its id."""
        return AsyncResult(task_id, task_name=self.name, app=self.app)

    # --- inside a run ----------------------------------------------------------------------

    @property
    def request(self) -> Context:
        """The run that this code belongs to; one that was `called_directly` if there is none."""
        found = current()
        return found if found and found.task == self.name else Context(task=self.name)

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: datetime | None = None,
        countdown: float | timedelta | None = None,  # seconds
        max_retries: int | None = None,
        **options: Any,
    ) -> BaseException:
        """Run the job again later; raises `Retry`.

        Once too often it raises `exc`, or `MaxRetriesExceededError`. With `throw=False` it runs
        again when this run has returned.
        """
        for name in options:
            self.app.say_once(f"retry {name}", f"{self.name}: retry({name}=…) changes nothing")
        how = {"args": args, "kwargs": kwargs, "exc": exc, "eta": eta, "countdown": countdown}
        outcome = asked(self, {**how, "max_retries": max_retries})
        if throw or outcome is exc or isinstance(outcome, MaxRetriesExceededError):
            raise outcome
        self.request.pending_retry = outcome
        return outcome

    def update_state(
        self, task_id: str | None = None, state: str | None = None, meta: Any = None, **_: Any
    ) -> None:
        """Say how far it is: `result.state` and `result.info` show it while the task runs.

        `meta` is plain JSON data; with the state at most 1,000 characters.
        """
        request = self.request
        if task_id not in (None, request.id):
            raise ConfigurationError("update_state: only the running task has a state to set")
        message = states.CUSTOM + json.dumps([state or "PROGRESS", meta])
        if len(message) > _MESSAGE:
            raise ValueError(f"update_state: {len(message)} characters; at most {_MESSAGE}")
        facts = meta if isinstance(meta, dict) else {}
        done, total = facts.get("current", 0), facts.get("total")
        numbers = isinstance(done, int | float) and isinstance(total, int | float | None)
        if request.job is not None:
            done, total = (done, total) if numbers else (0, None)
            request.job.set_progress(done, total, message)

    def replace(self, *_: Any, **__: Any) -> None:
        """Not in this version: raises `ConfigurationError`."""
        raise refuse_workflow("self.replace")

    map = starmap = chunks = add_to_chord = replace

    # --- handlers, for `base=` classes -------------------------------------------------------

    def before_start(self, task_id: Any, args: Any, kwargs: Any) -> None:
        """Before the task's function is called."""

    def on_success(self, retval: Any, task_id: Any, args: Any, kwargs: Any) -> None:
        """After it returned. What a handler raises is logged, and changes nothing."""

    def on_retry(self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any) -> None:
        """When it is to run again."""

    def on_failure(self, exc: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any) -> None:
        """When it has failed for good."""

    def after_return(
        self, status: str, retval: Any, task_id: Any, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        """After any of these; `status` is SUCCESS, RETRY or FAILURE."""

    def __repr__(self) -> str:
        return f"<@task: {self.name} of {self.app.name}>"

"""One run of a Celery task: its request is there, its handlers are called, what follows is made."""

from __future__ import annotations

import inspect
import logging
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from streamq import GiveUp, current_job
from streamq import Retry as RunAgain
from streamq.celery import states
from streamq.celery.callbacks import errbacks, links, received
from streamq.celery.exceptions import Ignore, Reject
from streamq.celery.request import enter, leave, request_of
from streamq.celery.retrying import autoretry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from streamq.celery.request import Context
    from streamq.celery.task import Task

log = logging.getLogger("streamq.celery")
_applying: ContextVar[bool] = ContextVar("streamq_celery_applying", default=False)


class ExceptionInfo:
    """What handlers are given of a failure, as `einfo`."""

    def __init__(self, error: BaseException) -> None:
        self.exception, self.type, self.tb = error, type(error), None
        self.traceback = "".join(traceback.format_exception(error))

    def __str__(self) -> str:
        return self.traceback


@contextmanager
def applying() -> Iterator[None]:
    """Jobs inside `with` run in place, whatever the settings say."""
    token = _applying.set(True)
    try:
        yield
    finally:
        _applying.reset(token)


def runner(task: Task, function: Callable[..., Any], *, bound: bool) -> Callable[..., Any]:
    """What streamq calls for a job of this task; its parameters are the function's.

    `bound`: without the first one, which is the task itself.
    """

    def run_job(*args: Any, **kwargs: Any) -> Any:
        with Run(task, args, kwargs) as run:
            run.value = task.run(*run.args, **kwargs)
        return run.value

    async def run_async_job(*args: Any, **kwargs: Any) -> Any:
        with Run(task, args, kwargs) as run:
            run.value = await task.run(*run.args, **kwargs)
        return run.value

    is_async = inspect.iscoroutinefunction(function)
    wrapped: Callable[..., Any] = run_async_job if is_async else run_job
    update_wrapper(wrapped, function)
    if bound:
        signature = inspect.signature(function)
        first = [*signature.parameters.values()][1:]
        vars(wrapped)["__signature__"] = signature.replace(parameters=first)
    return wrapped


class Run:
    """A context manager around the task's function; it decides what its end means."""

    def __init__(self, task: Task, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        job = current_job()
        is_eager = _applying.get() or task.app.conf.eager
        self.task, self.args, self.kwargs = task, received(task, job, args), kwargs
        self.request: Context = request_of(task.name, job, args, kwargs, eager=is_eager)
        self.value: Any = None
        self._token: Any = None

    def __enter__(self) -> Self:
        self._token = enter(self.request)
        try:
            self.task.before_start(self.request.id, self.args, self.kwargs)
        except BaseException:
            leave(self._token)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        try:
            return self._end(error)
        finally:
            leave(self._token)

    def _end(self, error: BaseException | None) -> bool:
        if isinstance(error, Ignore):
            self.value = None
            return True
        error = error or self.request.pending_retry
        if error is None:
            self._succeeded()
            return False
        if not isinstance(error, Exception):
            return False
        outcome = self._outcome(error)
        if isinstance(outcome, RunAgain):
            self._handle("on_retry", outcome)
            self._after(states.RETRY, outcome)
        elif not self._runs_again():
            self._handle("on_failure", outcome)
            errbacks(self.task, self.request, outcome)
            self._after(states.FAILURE, outcome)
        if outcome is error and self.request.pending_retry is None:
            return False
        raise outcome

    def _outcome(self, error: Exception) -> Exception:
        """The exception that streamq is to see."""
        if isinstance(error, RunAgain):
            return error
        if isinstance(error, Reject):
            again = RunAgain(0, counted=False)
            return again if error.requeue else GiveUp(str(error.reason or "rejected"))
        return autoretry(self.task, error)

    def _runs_again(self) -> bool:
        """Whether streamq's own `max_attempts` has another run for it."""
        return self.request.retries + 1 < self.task.core.policy.max_attempts

    def _succeeded(self) -> None:
        try:
            self.task.on_success(self.value, self.request.id, self.args, self.kwargs)
        except Exception:
            log.exception("task %s[%s]: its on_success failed", self.task.name, self.request.id)
        links(self.task, self.request, self.value)
        self._after(states.SUCCESS, self.value)

    def _handle(self, name: str, error: Exception) -> None:
        """Call a handler; one that fails changes nothing about the task."""
        about = getattr(error, "exc", None) or error
        info = ExceptionInfo(about)
        try:
            handler = getattr(self.task, name)
            handler(error, self.request.id, self.args, self.kwargs, info)
        except Exception:
            log.exception("task %s[%s]: its %s failed", self.task.name, self.request.id, name)

    def _after(self, status: str, value: Any) -> None:
        info = ExceptionInfo(value) if isinstance(value, Exception) else None
        try:
            self.task.after_return(status, value, self.request.id, self.args, self.kwargs, info)
        except Exception:
            log.exception("task %s[%s]: its after_return failed", self.task.name, self.request.id)

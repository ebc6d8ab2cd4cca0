"""A job that may be called, and the call: with what the application has put around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamq.around import plain_ones, run_around, run_async
from streamq.operations.beside import pack_beside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamq.context import RunningJob
    from streamq.hooks import Hooks
    from streamq.options import TaskOptions
    from streamq.worker.held import Held
    from streamq.worker.known import KnownTask


@dataclass(slots=True, eq=False)
class Ready:
    """A job that may be called."""

    held: Held
    task: KnownTask
    options: TaskOptions  # of this call
    job: RunningJob
    args: list[Any]
    kwargs: dict[str, Any]
    started: float  # monotonic

    def call(self) -> Any:
        """Call the function; of an `async def` one gives the coroutine."""
        if self.task.bind:
            return self.task.function(self.job, *self.args, **self.kwargs)
        return self.task.function(*self.args, **self.kwargs)


class Caller:
    """Calls functions for one application; safe for threads."""

    def __init__(self, hooks: Hooks) -> None:
        self.application = hooks.application
        self._keeps_calls = bool(self.application and self.application.conf.result_extended)
        self.started: Callable[[Held], None] | None = None  # to be told of each run
        self._around = tuple(hooks.around_run)
        self._around_plain = plain_ones(self._around)

    def beside(self, ready: Ready) -> bytes:
        """What is kept with a job's result, before its value; most have nothing."""
        call = ready.held.job.record.body if self._keeps_calls else b""
        return pack_beside(ready.job.parent, ready.job.tags, call)

    def call(self, ready: Ready) -> Any:
        """What a plain task's function returns."""
        if self.started is not None:
            self.started(ready.held)
        makers = self._around_plain
        return run_around(makers, ready.job, ready.call) if makers else ready.call()

    def call_async(self, ready: Ready) -> Awaitable[Any]:
        """What an async one's gives when awaited."""
        if self.started is not None:
            self.started(ready.held)
        if self._around:
            return run_async(self._around, ready.job, ready.call)
        coroutine: Awaitable[Any] = ready.call()
        return coroutine

"""The part of an application that declares hooks: around enqueueing and running, and on events."""

from __future__ import annotations

from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.hooks import AroundEnqueue, AroundRun, EventName, Handler, State
    from streamq.runtime import Runtime

F = TypeVar("F", bound="Callable[..., Any]")
H = TypeVar("H", bound="Handler")
E = TypeVar("E", bound="AroundEnqueue")
R = TypeVar("R", bound="AroundRun")


class Hooking:
    """See `StreamQ`. Hooks are declared where the application is, before it is used."""

    runtime: Runtime

    @property
    def state(self) -> State:
        """What this process keeps for its jobs, set by `lifespan`; in a task: `job.app.state`."""
        return self.runtime.hooks.state

    def on(self, event: EventName) -> Callable[[H], H]:
        """Call a function whenever this happens to a job; it is given a `JobEvent`.

        `job.enqueued` is told where the job was enqueued, by a plain function, at once. The
        others are told in the worker once the server has confirmed them (`job.started` as it
        starts), one after the other, by plain or async functions, beside the jobs: a slow one
        delays other handlers, not jobs. What a handler raises is logged. More than 10,000 events
        that wait are dropped, and counted in the log. Raises `ValueError` for an unknown event.
        """

        def declare(handler: H) -> H:
            if event == "job.enqueued" and iscoroutinefunction(handler):
                raise TypeError(
                    f"app.on('job.enqueued'): {_name(handler)} is async, but .delay() has no event "
                    "loop to run it in.\nMake it a plain function"
                )
            self.runtime.hooks.handle(event, handler)
            self.runtime.conf.changed()
            return handler

        return declare

    def around_enqueue(self, function: E) -> E:
        """Run a generator around each enqueue: `def f(call): …; yield; …`.

        What it puts into `call.headers` (an `EnqueuedCall`) before the `yield` goes with the job.
        The `yield` gives the job's id, or raises what enqueueing raised, which goes on to the
        caller also where the function catches it. Those declared first are outermost. It runs in
        the caller's thread and context, also for `adelay`, so it has to be quick and plain.
        Raises `TypeError` for what is no plain generator function.
        """
        if not isgeneratorfunction(cast("object", function)):
            raise TypeError(
                f"@app.around_enqueue: {_name(function)} is no plain generator function.\n"
                "Write `def f(call): …` with one `yield` in it: it goes around .delay() and "
                ".adelay() alike"
            )
        self.runtime.hooks.around_enqueue.append(function)
        self.runtime.conf.changed()
        return function

    def around_run(self, function: R) -> R:
        """Run a generator around each run of a job: `def f(job): …; yield; …`.

        The `yield` gives what the task returned, or raises what it raised, which goes on also
        where the function catches it; raising another exception replaces it. Context variables
        set before the `yield` are seen by the task. A plain generator goes around plain and async
        tasks, on their thread or loop; an `async def` one around async tasks only. Those declared
        first are outermost. Raises `TypeError` for what is no generator function.
        """
        if not (isgeneratorfunction(function) or isasyncgenfunction(function)):
            raise TypeError(
                f"@app.around_run: {_name(function)} is no generator function.\n"
                "Write `def f(job): …` with one `yield` in it, where the job runs"
            )
        self.runtime.hooks.around_run.append(function)
        return function

    def lifespan(self, function: F) -> F:
        """Open what jobs need once per worker process: `async def f(app): …; yield; …`.

        A plain or async generator function, given the application; what it puts into `app.state`
        jobs find as `current_job().app.state`. Several run in their order, and their ends in the
        reverse one, after the last job. If one raises before its `yield`, the process ends and
        is tried again, with pauses. Processes of `pool="process"` have one each.
        """
        if not (isgeneratorfunction(function) or isasyncgenfunction(function)):
            raise TypeError(
                f"@app.lifespan: {_name(function)} is no generator function.\n"
                "Write `async def f(app): …` with one `yield` between opening and closing"
            )
        self.runtime.hooks.lifespans.append(function)
        return function


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", function))

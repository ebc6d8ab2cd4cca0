"""An event loop without a clock or sockets of its own: the world says what time it is, and when.

Each process of the simulated world has one. It runs a callback when the world wants it to, so that
a seed decides how the processes interleave; within a loop callbacks keep their order, as asyncio
promises it.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

NEVER = float("inf")
SOON_S = 1e-6  # what is due so soon is due: a clock is not more exact


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Ready callbacks and timers; nothing happens but in `step`."""

    def __init__(self, clock: Callable[[], float], in_thread: Callable[..., None]) -> None:
        self._clock = clock
        self._in_thread = in_thread
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._made = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._generators: list[AsyncGenerator[Any, Any]] = []
        self.errors: list[dict[str, Any]] = []

    # --- what the world calls -------------------------------------------------------------------

    def due_at(self) -> float:
        """When there is something to run, on this loop's clock."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if self._ready:
            return -NEVER
        return self._timers[0][0] if self._timers else NEVER

    def step(self) -> None:
        """Run one callback."""
        now = self.time() + SOON_S
        while self._timers and self._timers[0][0] <= now:
            self._ready.append(heapq.heappop(self._timers)[2])
        if not self._ready:
            return
        handle = self._ready.popleft()
        if not handle.cancelled():
            asyncio._set_running_loop(self)
            hooks = sys.get_asyncgen_hooks()
            sys.set_asyncgen_hooks(self._generators.append, lambda _: None)
            try:
                handle._run()
            finally:
                sys.set_asyncgen_hooks(*hooks)
                asyncio._set_running_loop(None)

    def drop(self) -> None:
        """The process is gone: what it was about to do never happens, nor does any clean-up."""
        self._ready.clear()
        self._timers.clear()

    def dispose(self) -> None:
        """After the simulation: let go of what was dropped without Python's complaints."""
        self.drop()
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                with suppress(BaseException):
                    task.get_coro().close()
        for generator in self._generators:
            with suppress(BaseException):
                generator.aclose().send(None)
        self.drop()

    # --- what asyncio calls ---------------------------------------------------------------------

    def time(self) -> float:
        return self._clock()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is left where it is, and passed over."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Any, *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        if len(self._tasks) > 500:
            self._tasks = [one for one in self._tasks if not one.done()]
        return task

    def run_in_executor(  # type: ignore[override]
        self, _executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                self.call_soon(_settle, future, None, error)
            else:
                self.call_soon(_settle, future, result, None)

        self._in_thread(work)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False


def _settle(future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)

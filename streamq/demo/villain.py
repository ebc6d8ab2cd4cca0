"""Kills a worker process in the middle of its jobs, as the kernel does when memory is short."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from streamq import inspection
from streamq.errors import StreamQError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from streamq.app import StreamQ
    from streamq.terminal import Bar

_AT = 0.4  # of all jobs done
_LOOK_S = 0.003  # between two looks


class Villain:
    """A thread that waits for the middle, and strikes once; a context manager."""

    def __init__(self, app: StreamQ, victim: int, bar: Bar) -> None:
        self._app = app
        self._victim = victim  # process id
        self._bar = bar
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._lurk, name="villain")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _lurk(self) -> None:
        with contextlib.suppress(StreamQError):  # the server has gone: others will say so
            self._wait_and_strike()

    def _wait_and_strike(self) -> None:
        queue = self._app.conf.default_queue
        while not self._over.wait(_LOOK_S):
            seen = inspection.counts(self._app, queue)
            if seen.counters.get("succeeded", 0) >= _AT * self._bar.total and self._strike(queue):
                return

    def _strike(self, queue: str) -> bool:
        """Hold it still, see that it has jobs in its hands, and kill it; False: it has none."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._victim, signal.SIGSTOP)
            running = inspection.counts(self._app, queue).running
            if running == 0:
                os.kill(self._victim, signal.SIGCONT)
                return False
            os.kill(self._victim, signal.SIGKILL)
            self._bar.say(
                f"kill -9 {self._victim}: the worker process dies, {running} jobs in its hands.\n"
                "  Nothing is lost: its supervisor starts another, and they run again."
            )
        return True

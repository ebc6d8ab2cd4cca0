"""The worker: claims jobs and runs them, in one event loop, until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from streamq.worker.identity import Identity, new_name
from streamq.worker.options import WorkerOptions, size_of
from streamq.worker.shift import Shift
from streamq.worker.signals import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ
    from streamq.worker.held import Held
    from streamq.worker.link import Link


class Worker:
    """One worker process; `serve` runs it in the running loop, `run` in one of its own.

    Claims from `queues` (default: every queue that a task of the application names), runs plain
    tasks on `threads` threads, `async_concurrency` async tasks at once, and tasks with
    `pool="process"` in `process_concurrency` child processes.
    """

    def __init__(
        self,
        app: StreamQ,
        *,
        queues: Iterable[str] | None = None,
        threads: int | None = None,
        async_concurrency: int | None = None,
        process_concurrency: int | None = None,  # child processes
        name: str | None = None,
        grace: float | None = None,  # seconds that jobs get to end
        burst: bool = False,  # end when nothing is left to do
        max_jobs: int | None = None,  # end after so many
        max_memory: int | None = None,  # MiB; end above it
        link: Link | None = None,  # to the supervisor, where there is one
    ) -> None:
        self.app = app
        self.name = name or new_name()
        self.left: list[Held] = []  # jobs that still ran on threads when it ended
        self._link = link
        options = WorkerOptions(
            queues=tuple(queues) if queues else None,
            threads=threads,
            async_concurrency=async_concurrency,
            process_concurrency=process_concurrency,
            grace=grace,
            burst=burst,
            max_jobs=max_jobs,
            max_memory=max_memory,
        )
        self._size = size_of(app, options)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that it serves."""
        return self._size.queues

    def run(self) -> None:
        """Work until SIGTERM, SIGINT or SIGHUP; a second one ends it at once.

        Signals are only heard in a program's main thread.
        """
        asyncio.run(self._serve_until_signal())

    async def serve(self, stop: asyncio.Event, hurry: asyncio.Event | None = None) -> None:
        """Work until `stop` is set; then end within the grace, or at once if `hurry` is set.

        Jobs that can't be ended (plain tasks on threads) are in `left` afterwards. Raises what
        should never happen; trouble with the server is waited out.
        """
        identity = Identity(
            self.name,
            self.app.name,
            self._size.queues,
            tuple(sorted(self.app.tasks)),
            self._size.threads,
            self._size.async_concurrency,
        )
        shift = Shift(self.app, self._size, identity, self._link)
        self.left = await shift.work(stop, hurry or asyncio.Event())

    async def _serve_until_signal(self) -> None:
        stop, hurry = asyncio.Event(), asyncio.Event()
        with stop_on_signals(stop, hurry):
            await self.serve(stop, hurry)

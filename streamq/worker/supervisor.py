"""The supervisor: worker processes, each in a place of its own, and what they need of it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from streamq.worker import application, reloading
from streamq.worker.identity import check_name
from streamq.worker.options import processes_of, size_of
from streamq.worker.place import Place
from streamq.worker.signals import stop_on_signals
from streamq.worker.steward import Steward

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ
    from streamq.worker.options import WorkerOptions


class Supervisor:
    """As many worker processes as asked for; `serve` runs until told to stop."""

    def __init__(self, app: StreamQ, options: WorkerOptions) -> None:
        self._app = app
        self._size = size_of(app, options)
        self._processes = processes_of(app, options)
        self._reloads = options.reload
        if self._reloads:
            reloading.check_installed()
        self._birth: dict[str, Any] = {
            "app": application.describe(app),
            "loglevel": options.loglevel or app.conf.loglevel,
            "log_format": options.log_format or app.conf.log_format,
            "name": options.name and check_name(options.name),
            "worker": {
                "queues": list(self._size.queues),
                "threads": self._size.threads,
                "async_concurrency": self._size.async_concurrency,
                "process_concurrency": self._size.children.concurrency,
                "grace": self._size.grace,
                "burst": self._size.burst,
                "max_jobs": self._size.max_jobs,
                "max_memory": self._size.max_memory,
            },
        }

    async def serve(self) -> int:
        """Returns the exit code: 0 after a signal, or in a burst where nothing is left to do.

        78 where the processes can't import the application.
        """
        # A thread waits for each process, also for the one that makes room for another, and a
        # third tells the server of an end. With reloads many may make room at once.
        most = self._processes * (16 if self._reloads else 3)
        threads = ThreadPoolExecutor(most + 1, "streamq-supervisor")
        asyncio.get_running_loop().set_default_executor(threads)
        queues = [self._app.keys(queue) for queue in self._size.queues]
        steward = Steward(self._app.client, queues, int(self._app.conf.lease * 1000))
        stop, hurry = asyncio.Event(), asyncio.Event()
        places = [
            Place(self._birth, steward, self._size.grace, stop, hurry, reloads=self._reloads)
            for _ in range(self._processes)
        ]
        with stop_on_signals(stop, hurry):
            steward.start()
            watching = self._watch(places, stop)
            try:
                return await _keep(places, stop)
            finally:
                steward.stop()
                watching.cancel()

    def _watch(self, places: list[Place], stop: asyncio.Event) -> asyncio.Future[None]:
        """With reloads: look for changes of the code, for as long as we work."""
        if not self._reloads:
            return asyncio.get_running_loop().create_future()
        paths = reloading.watched(self._birth["app"]["location"])
        return asyncio.ensure_future(reloading.reload(places, paths, stop))


async def _keep(places: Iterable[Place], stop: asyncio.Event) -> int:
    """All places until the last has ended; one that can't be kept ends the others, in order."""

    async def keep(place: Place) -> int:
        try:
            code = await place.keep()
        except BaseException:
            stop.set()
            raise
        if code:
            stop.set()
        return code

    return max(await asyncio.gather(*map(keep, places)))

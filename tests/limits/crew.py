"""An application with limits, and real workers in threads of this process; what they started."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from streamq import StreamQ, Task
from streamq.worker import Worker
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Here


@dataclass(frozen=True)
class Run:
    """One run of a job."""

    what: Any  # the call's first argument
    began: float  # monotonic
    ended: float


@dataclass
class Crew:
    """Some workers of one application."""

    server: Server
    settings: dict[str, Any] = field(default_factory=dict)
    here: list[Here] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = StreamQ("limits", broker=self.server.url, **self.settings)
        self._lock = threading.Lock()

    def task(self, seconds: float = 0.0, name: str = "note", **options: Any) -> Task[..., Any]:
        """A plain task that takes so long, and is noted with its first argument."""

        def note(what: Any, tenant: str = "", **_: Any) -> None:
            began = time.monotonic()
            if seconds:
                time.sleep(seconds)
            self.note(what, began)

        made: Task[..., Any] = self.app.task(name=name, **options)(note)
        return made

    def note(self, what: Any, began: float) -> None:
        with self._lock:
            self.runs.append(Run(what, began, time.monotonic()))

    def work(self, workers: int = 1, **options: Any) -> None:
        """Start workers; back when all are registered."""
        options = {"threads": 4, "async_concurrency": 10, **options}
        new = [Here(Worker(self.app, **options)) for _ in range(workers)]
        self.here += new
        for one in new:
            one.start()
        queue = new[0].worker.queues[-1]
        names = {one.worker.name.encode() for one in new}
        wait_until(lambda: names <= self.workers(queue), "them to register")

    def workers(self, queue: str) -> set[bytes]:
        return set(self.server.admin.hkeys(self.app.keys(queue).key("worker_info")))  # type: ignore[arg-type]

    def ran(self, number: int, timeout: float = 20) -> list[Run]:
        """Wait for so many runs; in the order in which they began."""
        wait_until(lambda: len(self.runs) >= number, f"{number} runs: {self.runs}", timeout)
        return sorted(self.runs, key=lambda run: run.began)

    def order(self, number: int, timeout: float = 20) -> list[Any]:
        """What ran first, second, …"""
        return [run.what for run in self.ran(number, timeout)]

    def close(self) -> None:
        with ExitStack() as ends:
            ends.callback(self.app.close)
            for one in self.here:
                ends.callback(one.stop)
            for one in self.here:
                one.tell()


def most_at_once(runs: Sequence[Run]) -> int:
    """How many of these ran at the same time."""
    steps = sorted([(run.began, 1) for run in runs] + [(run.ended, -1) for run in runs])
    now = most = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def most_started_within(runs: Sequence[Run], seconds: float) -> int:
    """How many started in the fullest stretch of so many seconds."""
    begins = sorted(run.began for run in runs)
    return max(sum(one <= other < one + seconds for other in begins) for one in begins)


class Stalls:
    """Seconds for which this machine ran nothing here, as `with Stalls() as stalls:` sees it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.005):
            now = time.monotonic()
            if now - last > 0.025:  # that a claim ahead and a thread's turn make up for
                self.seconds += now - last
            last = now

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()


MakeCrew = Callable[..., Crew]

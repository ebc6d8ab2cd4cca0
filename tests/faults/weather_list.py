"""Row 8: whatever the server does, no worker exits, and it works again within 5 s of the end of it.

Each trouble has a server, a worker and a caller of its own; many are gone through at once, since
most of the time they wait.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from streamq import StreamQ
from streamq.errors import StreamQError
from streamq.keys import NAMES
from streamq.worker import Worker
from tests.auditing import assert_audit_clean
from tests.faults.harness import Figures, Ground, Row
from tests.faults.resharding import slot_moved
from tests.faults.troubles import FOREIGN, HOLD_S, TROUBLES, Foreign, Trouble
from tests.proxy import Proxy
from tests.servers import Server
from tests.servers_pool import start
from tests.waiting import wait_until
from tests.worker.rig import Here

HEALED_S = 5.0
ALONGSIDE = 6  # troubles at once
# What these lose is not made again: jobs that were there are named by the audit, not run.
LOSING = {"flushall", "stream deleted", "stream at its largest id"}
# In use in every queue: the others are touched by features of their own.
COMMON = ("jobs", "state", "stream", "leases", "claims", "scheduled", "results", "counts", "wake")


class Heard(logging.Handler):
    """What the worker of this thread said."""

    def __init__(self, thread: Here) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread.ident:
            self.lines.append(record.getMessage())


class Scene:
    """A server, a proxy in front of it, a worker and a caller."""

    def __init__(self, server: Server, proxy: Proxy, url: str) -> None:
        self.server, self.proxy = server, proxy
        self.app = StreamQ("scene", broker=url, lease=1.0, enqueue_timeout=1.0)
        self.ran: list[int] = []
        self.mark = self.app.task(name="mark", max_attempts=3, backoff=0.05)(self._mark)
        self.here = Here(Worker(self.app, threads=4, async_concurrency=4))
        self.heard = Heard(self.here)
        logging.getLogger("streamq.worker").addHandler(self.heard)
        self.here.start()
        self.keys = self.app.keys("default")

    def _mark(self, number: int) -> int:
        self.ran.append(number)
        return number

    def works(self, number: int, within: float) -> float:
        """Seconds until a new job is enqueued and done; raises where that takes too long."""
        began = time.monotonic()
        job = None
        while job is None:
            try:
                job = self.mark.delay(number)
            except StreamQError:
                if time.monotonic() - began > within:
                    raise
                time.sleep(0.02)
        assert job.get(timeout=max(0.1, began + within - time.monotonic())) == number
        return time.monotonic() - began

    def close(self) -> None:
        logging.getLogger("streamq.worker").removeHandler(self.heard)
        with suppress(BaseException):
            self.here.stop(20)
        self.app.runtime.close()


def go_through(what: str, trouble: Trouble) -> Figures:
    """One trouble from its beginning to its end."""
    figures = Figures()
    in_cluster = trouble is slot_moved
    # It may be told where its snapshots go.
    server = start("cluster") if in_cluster else start(enable_protected_configs="yes")
    proxy = Proxy(server.address).__enter__()
    scene = Scene(server, proxy, server.url if in_cluster else proxy.url)
    try:
        wait_until(lambda: scene.works(0, 20) > 0, "the worker to begin", 20)
        _endure(scene, what, trouble, figures)
    except Exception as error:
        figures.broken.append(f"{what}: {error!r}; it said {scene.heard.lines[-3:]}")
    finally:
        scene.close()
        proxy.__exit__()
        server.close()
    return figures


def _endure(scene: Scene, what: str, trouble: Trouble, figures: Figures) -> None:
    accepted = {0}
    with trouble(scene.server, scene.proxy, scene.keys):
        until = time.monotonic() + HOLD_S
        for number in range(1, 30):
            with suppress(StreamQError):
                scene.mark.delay(number)
                accepted.add(number)
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        figures.expect(scene.here.is_alive(), f"{what}: the worker ended: {scene.here.error}")
    took = scene.works(1000, HEALED_S + 5)
    figures.add(troubles=1)
    figures.measure(healed_s=took)
    figures.expect(took < HEALED_S, f"{what}: healed after {took:.1f} s")
    figures.expect(scene.here.is_alive(), f"{what}: the worker ended: {scene.here.error}")
    if what not in LOSING and not isinstance(trouble, Foreign):
        wait_until(lambda: accepted <= set(scene.ran), f"{accepted - set(scene.ran)} to run", 10)
        assert_audit_clean(scene.server.admin)
    if isinstance(trouble, Foreign) and trouble.name in COMMON:
        said = "\n".join(scene.heard.lines)
        figures.expect(
            scene.keys.key(trouble.name) in said or trouble.name == "wake",
            f"{what}: the worker doesn't name the key: {said[-300:]}",
        )


def attack(ground: Ground, *, foreign: tuple[str, ...]) -> None:
    """All troubles, and a foreign value in each of these keys."""
    troubles: dict[str, Any] = {"slot moved": slot_moved, **TROUBLES}
    troubles |= {f"foreign {name}": FOREIGN[name] for name in foreign}
    with ThreadPoolExecutor(ALONGSIDE) as threads:
        for figures in threads.map(lambda item: go_through(*item), troubles.items()):
            ground.figures.merge(figures)


ROW = Row(
    8,
    "flushed, deleted, foreign, read-only, loading, full, killed, paused",
    attack,
    small={"foreign": COMMON},
    large={"foreign": NAMES},
    rounds=3,
)

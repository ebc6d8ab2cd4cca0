"""Time limits and cancellations of the jobs that run here: one thread looks at all of them.

A thread, because a job that keeps the event loop to itself is over its limit, too. It looks 40
times a second; while no job that runs has a limit or is cancelled, it does nothing.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamq.worker.interrupting import FOR_GOOD, Why

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from streamq.worker.held import Ended, Held
    from streamq.worker.loop_tasks import LoopPool
    from streamq.worker.pools import Pools

log = logging.getLogger("streamq.worker")

TICK_S = 0.025
PATIENCE_S = 2.0  # that a run over its `time_limit` gets to end, once it was told
CANCEL_PATIENCE_S = 10.0  # and one that was cancelled
UNHEARD_S = 5.0  # where it can't hear that, because it keeps the event loop to itself
BLOCKED_S = 1.0  # after which a loop that doesn't answer is looked at again


@dataclass(slots=True, eq=False)
class Watch:
    """When what is to happen to a job; monotonic seconds, infinite: never."""

    held: Held
    began: float
    soft_at: float = math.inf
    hard_at: float = math.inf
    give_up_at: float = math.inf
    patient_until: float = 0.0  # with one that has heard
    was_soft: bool = False  # it was told of its soft limit
    is_cancelled: bool = False
    heard: bool = True  # the loop has answered since it was last spoken to
    was_blamed: bool = False  # it was said who keeps it from hearing

    @property
    def reason(self) -> str:
        """Why it is to end, for the log."""
        return "and is cancelled" if self.is_cancelled else "over its time limit"


class Timekeeper:
    """All but `ended` may be called in any thread; that is called in the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pools: Pools,
        loop_pool: LoopPool,
        broken: Callable[[BaseException], None],
    ) -> None:
        self.watches: dict[Held, Watch] = {}
        self.stubborn: dict[Held, Watch] = {}  # given up; they end with this process
        self.replace: Callable[[], None] = _nobody  # has another process take over from this one
        self.end: Callable[[Watch], None] = _say_blocked  # ends this process, in our thread
        self._loop = loop
        self._pools = pools
        self._loop_pool = loop_pool
        self._broken = broken  # is told, in the loop, of what should never be raised
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._has_work = threading.Event()
        self._is_closed = False

    def limit(self, held: Held, soft_s: float, hard_s: float) -> None:
        """This job begins, with limits; 0: none."""
        now = time.monotonic()
        soft_at, hard_at = (now + one if one else math.inf for one in (soft_s, hard_s))
        self._add(Watch(held, now, soft_at, hard_at))

    def extend(self, held: Held, seconds: float) -> None:
        """Move its limits; a soft one that was told counts again."""
        if watch := self.watches.get(held):
            if watch.was_soft:
                watch.soft_at, watch.was_soft = time.monotonic(), False
            watch.soft_at += seconds
            watch.hard_at += seconds

    def cancel(self, held: Held) -> None:
        """Have this job told so, unless it was; it gets some time then. Again does nothing."""
        watch = self.watches.get(held) or Watch(held, time.monotonic())
        if not watch.is_cancelled and held.told not in FOR_GOOD:
            watch.is_cancelled = True
            self._add(watch)

    def ended(self, ended: list[Ended]) -> None:
        """These run no more."""
        for one in ended:
            self.watches.pop(one.held, None)
            self.stubborn.pop(one.held, None)

    def close(self) -> None:
        """Look no more."""
        self._is_closed = True
        self._has_work.set()

    def _add(self, watch: Watch) -> None:
        self.watches[watch.held] = watch
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    name = "streamq-timekeeper"
                    self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                    self._thread.start()
        self._has_work.set()

    def _run(self) -> None:
        while not self._is_closed:
            if not self.watches:
                self._has_work.clear()
                if not self.watches:  # still: who adds one sets the event after that
                    self._has_work.wait()
            try:
                self._look_at_all(time.monotonic())
            except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
                self._loop.call_soon_threadsafe(self._broken, error)
                return
            time.sleep(TICK_S)

    def _look_at_all(self, now: float) -> None:
        for watch in list(self.watches.values()):
            self._look(watch, now)

    def _look(self, watch: Watch, now: float) -> None:
        if watch.is_cancelled and not watch.patient_until:
            watch.soft_at = watch.hard_at = math.inf
            watch.give_up_at, watch.patient_until = now + UNHEARD_S, now + CANCEL_PATIENCE_S
            self._tell(watch, Why.CANCELLED)
        elif now >= watch.give_up_at:
            self._give_up(watch, now)
        elif now >= watch.hard_at:
            watch.hard_at, watch.soft_at, watch.give_up_at = math.inf, math.inf, now + PATIENCE_S
            self._tell(watch, Why.HARD)
        elif now >= watch.soft_at:
            watch.soft_at, watch.was_soft = math.inf, True
            self._tell(watch, Why.SOFT)

    def _tell(self, watch: Watch, why: Why) -> None:
        held = watch.held
        if not held.thread or not self._pools.tell_on_thread(held, why):
            self._in_loop(watch, lambda: self._tell_here(watch, why))

    def _tell_here(self, watch: Watch, why: Why) -> None:
        """In the loop."""
        held = watch.held
        if self._pools.tell(held, why) or why is not Why.CANCELLED or held.told in FOR_GOOD:
            return
        if held in self._pools.running:  # its function hasn't begun: once more, soon
            watch.patient_until = 0.0
        else:  # it has just ended
            self.watches.pop(held, None)

    def _in_loop(self, watch: Watch, what: Callable[[], object]) -> None:
        """Have the loop do it, and see whether it ever does."""

        def answer() -> None:
            watch.heard = True
            what()

        watch.heard = False
        try:
            self._loop.call_soon_threadsafe(answer)
        except RuntimeError:  # the loop is closed: all is over
            self._is_closed = True

    def _give_up(self, watch: Watch, now: float) -> None:
        watch.give_up_at = now + BLOCKED_S
        if not watch.heard:
            self._is_unheard(watch, now)
        elif now < watch.patient_until:
            watch.give_up_at = watch.patient_until
        elif watch.held.told in FOR_GOOD:
            self._in_loop(watch, lambda: self._let_go(watch))
        else:  # it wasn't running for a moment
            self._tell(watch, Why.HARD)

    def _is_unheard(self, watch: Watch, now: float) -> None:
        """A job keeps the loop from hearing: this one, or another that isn't to blame."""
        at_work = self._loop_pool.at_work()
        if at_work is watch.held:
            self.end(watch)
            watch.give_up_at = now + CANCEL_PATIENCE_S  # where there was nobody to end it
        elif at_work is not None and not watch.was_blamed:
            watch.was_blamed = True
            log.warning(
                "job %s (%s) can't be told to stop: job %s (%s) keeps the event loop from "
                "everything else, and nothing says that it is to end",
                *(watch.held.job.id, watch.held.job.record.task),
                *(at_work.job.id, at_work.job.record.task),
            )

    def _let_go(self, watch: Watch) -> None:
        """In the loop: a job ignores all that it is told, so its process ends without it."""
        held = watch.held
        if held in self.stubborn or held not in self._pools.running:
            return
        self.stubborn[held] = watch
        log.error(
            "job %s (%s) still runs, %.1f s after it was told to stop (%s): this process is "
            "replaced, as soon as its other jobs have ended or were handed back",
            held.job.id,
            held.job.record.task,
            CANCEL_PATIENCE_S if held.told is Why.CANCELLED else PATIENCE_S,
            held.told,
        )
        self.replace()


def _say_blocked(watch: Watch) -> None:
    """Nobody would start another process."""
    job = watch.held.job
    log.error(
        "job %s (%s) keeps the event loop from everything else, %s; no supervisor is there to "
        "replace this process",
        job.id,
        job.record.task,
        watch.reason,
    )


def _nobody() -> None:
    """Nothing can be replaced before it works."""

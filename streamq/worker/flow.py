"""What happens to a job in a worker's hands: from the claim to its pool, to the settler, out."""

from __future__ import annotations

import logging
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from streamq.operations import HandBack, Stray
from streamq.worker.held import Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamq.worker.handback import HandBackTicker
    from streamq.worker.held import Held
    from streamq.worker.job_log import JobLog
    from streamq.worker.leases import LeaseBook
    from streamq.worker.pools import Pools
    from streamq.worker.progress import ProgressFlusher
    from streamq.worker.retirement import Retirement
    from streamq.worker.scheduler import Scheduler
    from streamq.worker.served import ServedQueue
    from streamq.worker.telling import Teller
    from streamq.worker.trails import Trails

log = logging.getLogger("streamq.worker")


class Flow:
    """Passes jobs on; belongs to one event loop."""

    def __init__(
        self,
        queues: Mapping[str, ServedQueue],
        book: LeaseBook,
        job_log: JobLog,
        tasks: Iterable[str],
    ) -> None:
        self._queues = queues
        self._book = book
        self._job_log = job_log
        self._tasks = list(tasks)
        self._unknown: set[str] = set()  # tasks that were said to be unknown
        self._starving: dict[ServedQueue, None] = {}  # that found no room, the first one first
        self.pools: Pools
        self.ticker: HandBackTicker
        self.progress: ProgressFlusher
        self.trails: Trails
        self.retirement: Retirement | None = None
        self.scheduler: Scheduler | None = None
        self.teller: Teller | None = None  # where somebody listens

    def start(self, queue: ServedQueue, jobs: list[Held]) -> None:
        """Jobs were claimed: run them."""
        self.pools.start(self.hold(jobs), queue.kinds)
        self.ticker.jobs_came()

    def hold(self, jobs: list[Held]) -> list[Held]:
        """See that the lease of these jobs, of one claim, is renewed."""
        self._book.hold(jobs[0].lease)
        return jobs

    def room_in(self, queue: ServedQueue) -> float | None:
        """Seconds until jobs of this queue may be claimed; None: unknown, it is woken then."""
        now = time.monotonic()
        if self.pools.room.free(queue.kinds, now) > 0:
            return 0.0
        self.wait_for_room(queue)
        return self.pools.room.respite(queue.kinds, now) or None

    def wait_for_room(self, queue: ServedQueue) -> None:
        """Wake this queue as soon as a job has ended; those that wait longer go first."""
        self._starving[queue] = None

    def ended(self, ended: list[Ended]) -> None:
        """Jobs have ended: give their room to who waits for it, and let the server know."""
        if self.pools.timekeeper.watches:
            self.pools.timekeeper.ended(ended)
        self.told(self.progress.withhold(ended))

    def told(self, ended: list[Ended]) -> None:
        """Their last progress is known."""
        if ended:
            self.settle(self.trails.withhold(ended))

    def settle(self, ended: list[Ended]) -> None:
        """The server may be told of these: it knows all that they said."""
        queues = self._queues
        for one in ended:
            queue = queues[one.held.lease.queue]
            if queue.settler.add(one):
                queue.wake()
            if type(one.outcome) is Stray:
                self._say_unknown(one.outcome.task)
        self._job_log.ended(ended)
        if self.retirement is not None:
            self.retirement.ran(len(ended))
        self.feed()

    def hand_back(self, jobs: list[Held]) -> None:
        """These run elsewhere, or here later: as if they had never been claimed."""
        for held in jobs:
            queue = self._queues[held.lease.queue]
            back = HandBack(held.job.id, held.lease.token, unused=True)
            queue.settler.add(Ended(held, back))
            queue.wake()
        self.feed()

    def settled(self, ended: list[Ended], words: list[str]) -> None:
        """The server has answered."""
        for one, word in zip(ended, words, strict=True):
            if word == "LEASELOST":
                self._book.lost(one.held.lease.queue, one.held.lease.token)
            elif word == "POISON":
                self._job_log.poisoned(one.held)
            elif word == "CANCELLED":
                self._job_log.cancelled(one.held)
            self._book.settled(one.held)
        if self.teller is not None:
            self.teller.settled(ended, words)
        if self.scheduler is not None:
            self.scheduler.ended()

    def expired(self, queue: str, late: Sequence[str]) -> None:
        """A claim found these too old to start; their summaries."""
        self._job_log.expired(queue, late)
        if self.teller is not None:
            self.teller.expired(queue, late)

    def feed(self) -> None:
        """There is room, or will be after a respite: wake who waits for it."""
        starving, self._starving = self._starving, {}
        for queue in starving:
            queue.wake()
            if queue.bell is not None:
                queue.bell.alarm.set()

    def _say_unknown(self, task: str) -> None:
        if task in self._unknown:
            return
        self._unknown.add(task)
        near = get_close_matches(task, self._tasks, 1, 0.6)
        log.error(
            "no task %r here%s; its jobs are set aside for a worker that knows it",
            task,
            f" (there is {near[0]!r})" if near else "",
        )

"""Claims jobs of one queue: how many, under which token, and what came of it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from streamq import operations
from streamq.operations import weight
from streamq.worker.held import Held, Lease

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.operations import Call, Claimed
    from streamq.worker.options import Bounds
    from streamq.worker.room import Room
    from streamq.worker.served import ServedQueue


MOST_BYTES = 8 << 20  # of one claim's answer, about
MOST_ARMED = 2  # jobs of a claim sent ahead: with one, each would be followed by a second claim
FIRST_GUESS_BYTES = MOST_BYTES / 100


class Claimer:
    """The claims of one queue, one at a time.

    A claim without an answer may have been done: it is repeated under the same token, and
    then brings the same jobs.
    """

    def __init__(
        self,
        queue: ServedQueue,
        room: Room,
        *,
        worker: str,
        bounds: Bounds,
        tasks: Sequence[str],
    ) -> None:
        self._queue = queue
        self._room = room
        self._worker = worker
        self._bounds = bounds
        self._tasks = tasks  # that this worker knows
        self._token = ""  # of the claim that isn't answered
        self._is_armed = False  # it waits at the server for a marker
        self._asked = 0
        self._reserved = 0  # of the room
        self._record_bytes = FIRST_GUESS_BYTES
        self._weight: float = weight.HEAVY  # of a job, until some have been seen

    def respite(self, now: float) -> float:
        """Seconds for which claims would only bring what can't start."""
        return 0.0 if self._queue.is_dry else self._room.respite(self._queue.kinds, now)

    @property
    def is_uncertain(self) -> bool:
        """Whether a claim was sent and not answered."""
        return bool(self._token)

    def wanted(self, now: float) -> int:
        """How many jobs to ask for now; 0: none, or there is no room."""
        queue = self._queue
        if self._token and not self._is_armed:
            return self._asked
        if queue.is_dry or self._is_armed:
            return 0
        # Records may be large, and jobs much work: as many as fit, going by those that came last.
        fitting = max(1, int(min(MOST_BYTES / self._record_bytes, weight.CALL / self._weight)))
        return min(fitting, self._room.to_claim(queue.kinds, now))

    def claim(self, limit: int) -> Call[Claimed]:
        """The call that asks for up to `limit` jobs, or the unanswered one again."""
        if not self._token:
            self._token = os.urandom(16).hex()
            self._asked = self._reserved = limit
            self._room.asked += limit
        return self._call()

    def arm(self) -> Call[Claimed] | None:
        """A claim to be done when a marker comes, by a worker that has nothing to do until then.

        It takes no room: where that is needed before, the few jobs too many are handed back.
        """
        limit = min(MOST_ARMED, self._room.free(self._queue.kinds, time.monotonic()))
        if self._token or limit < 1:
            return None
        self._token, self._asked, self._is_armed = os.urandom(16).hex(), limit, True
        return self._call()

    def disarm(self) -> None:
        """The answer won't come there: a claim that was armed is asked for like any other now."""
        self._is_armed = False

    def _call(self) -> Call[Claimed]:
        return operations.claim(
            self._queue.keys,
            worker=self._worker,
            token=self._token,
            lease_ms=self._bounds.lease_ms,
            limit=self._asked,
            result_ttl_ms=self._bounds.result_ttl_ms,
            results_cap=self._bounds.results_cap,
            tasks=self._tasks if self._queue.has_stranded else (),
            armed=self._is_armed,
        )

    def give_room_back(self) -> None:
        """The claim is answered, or won't be soon: other queues may have its room."""
        self._room.asked -= self._reserved
        self._reserved = 0

    def claimed(self, reply: Claimed) -> list[Held]:
        """The jobs that it brought, each under the claim's lease."""
        queue = self._queue
        lease = Lease(queue.name, self._token, len(reply.jobs), reply.now_ms, time.monotonic())
        queue.claimed(
            more=reply.more,
            stranded=reply.stranded,
            next_due_ms=reply.next_due_ms,
            gate_ms=reply.gate_ms,
        )
        self._token, self._is_armed = "", False
        self.give_room_back()
        if reply.jobs:
            queue.claimed_at = time.monotonic()
        self._learn(reply)
        return [Held(job, lease) for job in reply.jobs]

    def _learn(self, reply: Claimed) -> None:
        """What the jobs of this queue are like."""
        number, size, work = len(reply.jobs), 0, 0
        for job in reply.jobs:
            record = job.record
            size += len(record.body)
            work += 1 if record.opts == "-" else weight.HEAVY
        if number:
            self._record_bytes = max(size / number, self._record_bytes / 2, 1.0)
        if seen := number + reply.expired:
            mean = (work + reply.expired * weight.HEAVY) / seen
            self._weight = max(mean, self._weight / 2)

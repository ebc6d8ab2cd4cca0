"""Tells the server how jobs ended: in batches, one call in flight per queue, never dropped.

A batch whose answer was lost is sent again with the same number until it is answered: the
script keeps the answer to a worker's last call, so an outcome counts once. The work is done;
forgetting it would run the job again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.operations import Ack, Again, Burial, HandBack, Stray, Throttled, weight
from streamq.operations.follow import WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.keys import QueueKeys
    from streamq.operations import Call
    from streamq.worker.held import Ended, Outcome
    from streamq.worker.options import Bounds

log = logging.getLogger("streamq.worker")

LINGER_S = 0.003  # how long an outcome waits for others
ENOUGH = 64  # that wait for nobody
FOLLOWED = (Ack, Burial)  # other jobs may follow from these
WEIGHTS: dict[type[Outcome], int] = {  # of a plain job; those that keep how a run ended do more
    Ack: 1,
    Again: 2,
    Burial: 2,
    HandBack: 2,
    Stray: 1,
    Throttled: 1,
}
MOST_BYTES = 4 << 20  # of one call: results may be large, and a call blocks the server


@dataclass(slots=True)
class Batch:
    """A settling call, and whose jobs it settles."""

    call: Call[Any]
    ended: list[Ended]
    sends: bool  # jobs that follow from these, perhaps to other queues


class Settler:
    """The outcomes of one queue on their way to the server."""

    def __init__(self, keys: QueueKeys, worker: str, bounds: Bounds) -> None:
        self._keys = keys
        self._worker = worker
        self._verbs: dict[type[Outcome], Callable[..., Call[Any]]] = {
            Ack: partial(operations.ack, results_cap=bounds.results_cap),
            Again: operations.retry,
            Burial: partial(operations.bury, dead_cap=bounds.dead_cap),
            HandBack: partial(operations.release, dead_cap=bounds.dead_cap),
            Stray: operations.strand,
            Throttled: operations.throttle,
        }
        self._waiting: dict[type[Outcome], list[Ended]] = {}
        self._size = 0
        self._since = 0.0  # monotonic, when the oldest outcome came
        self.noted = 0  # number of the last call of which the server has kept the answer
        self._seq = count(1)
        self._sent = 0  # number of the batch
        self._batch: Batch | None = None

    def __len__(self) -> int:
        """How many outcomes have not been answered."""
        return self._size + (len(self._batch.ended) if self._batch else 0)

    def add(self, ended: Ended) -> bool:
        """One more outcome to tell; whether that is a reason to look now."""
        if not self._size:
            self._since = time.monotonic()
        self._size += 1
        kind = type(ended.outcome)
        waiting = self._waiting.get(kind)
        if waiting is None:
            self._waiting[kind] = [ended]
        else:
            waiting.append(ended)
        return self._size in (1, ENOUGH) or kind is HandBack

    def due_in(self, now: float, per_second: float) -> float | None:
        """Seconds until outcomes should go even if no claim goes along; None: there are none.

        Lingering is for company: where none is to be expected, it would only cost time.
        """
        if self._batch is not None:
            return 0.0
        if not self._size:
            return None
        if self._size >= ENOUGH or HandBack in self._waiting or per_second * LINGER_S < 1:
            return 0.0
        return max(0.0, self._since + LINGER_S - now)

    def batch(self) -> Batch | None:
        """What to send now: the batch without an answer, else outcomes of one kind, 200 at most."""
        if self._batch is None and self._size:
            # Others could run what is handed back; else in turn, the kind that came first.
            kind = HandBack if HandBack in self._waiting else next(iter(self._waiting))
            waiting = self._waiting.pop(kind)
            ended = waiting[: _fitting(waiting, kind)]
            if rest := waiting[len(ended) :]:
                self._waiting[kind] = rest
            self._size -= len(ended)
            self._sent = next(self._seq)
            call = self._verbs[kind](
                self._keys,
                worker=self._worker,
                seq=self._sent,
                jobs=[one.outcome for one in ended],
            )
            sends = kind in FOLLOWED and any(one.outcome.follow for one in ended)  # type: ignore[union-attr]
            self._batch = Batch(call, ended, sends)
        return self._batch

    def answered(self, reply: Any) -> list[str]:
        """The words for each job of the batch that was sent; the next one may go."""
        self._batch = None
        if isinstance(reply, tuple):  # a burial's: how many older dead jobs had to go
            evicted, reply = reply
            if evicted:
                log.warning(
                    "queue %s: %d dead jobs over the cap were removed, the oldest ones",
                    self._keys.queue,
                    evicted,
                )
        words: list[str] = reply
        if any(word != "LEASELOST" for word in words):
            self.noted = self._sent
        return words


def _fitting(ended: list[Ended], kind: type[Outcome]) -> int:
    """How many outcomes, all of one kind, go into one call; at least one."""
    size, room = 0, weight.CALL
    light, heavy, may_follow = WEIGHTS[kind], weight.HEAVY, kind in FOLLOWED
    for number, one in enumerate(ended[: weight.CALL]):
        outcome: Any = one.outcome
        job = one.held.job
        room -= light if job.attempt == 1 and job.record.opts == "-" else heavy
        if kind is Ack:
            size += len(outcome.value)
        elif kind is Again or kind is Burial:
            size += len(outcome.error)
        if may_follow and outcome.follow:
            room -= len(outcome.follow) // WIDTH * weight.FOLLOW_UP
            size += sum(map(len, outcome.follow[WIDTH - 1 :: WIDTH]))
        if number and (room < 0 or size > MOST_BYTES):
            return number
    return min(weight.CALL, len(ended))

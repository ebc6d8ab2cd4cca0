"""The claims that a worker process holds, and who else is told of them.

One lease per claim: it is held while any job of the claim is unsettled.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.worker.held import Held, Lease

log = logging.getLogger("streamq.worker")

SETTLING_S = 1.0  # a lease that the server doesn't know may only just have been settled


class LeaseBook:
    """Claim tokens by queue. Written by one thread, read by any: what renews them is another."""

    def __init__(self, queues: Iterable[str]) -> None:
        self._held: dict[str, dict[str, Lease]] = {queue: {} for queue in queues}
        self.told: Callable[..., None] = _nobody  # "+" or "-", queue, token; "apart", …, job

    def hold(self, lease: Lease) -> None:
        """A claim was made."""
        self._held[lease.queue][lease.token] = lease
        self.told("+", lease.queue, lease.token)

    def runs_apart(self, held: Held) -> None:
        """This job is given to another process: when ours dies, it is not to blame."""
        self.told("apart", held.lease.queue, held.lease.token, held.job.id)

    def settled(self, held: Held) -> None:
        """A job of this lease is settled; with its last one the lease ends."""
        lease = held.lease
        lease.left -= 1
        if lease.left <= 0 and self._held[lease.queue].pop(lease.token, None) is not None:
            self.told("-", lease.queue, lease.token)

    def tokens(self, queue: str) -> list[str]:
        """The tokens held in a queue, at this moment."""
        return list(self._held[queue])  # one C call: no other thread comes between

    def has_older(self, queue: str, before: float) -> bool:
        """Whether a claim of this queue that is held was made before that moment (monotonic)."""
        held = list(self._held[queue].values())  # one C call, as above
        return any(lease.since < before for lease in held)

    def lost(self, queue: str, token: str) -> None:
        """The server knows this lease no more; said once."""
        lease = self._held[queue].get(token)
        if lease is not None and not lease.lost:
            lease.lost = True
            log.warning(
                "queue %s: a lease over %d jobs was lost; others may run them, and what they "
                "come to here is refused (claim %s)",
                queue,
                lease.left,
                token,
            )

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))


def _nobody(*_words: str) -> None:
    """Where there is no supervisor."""

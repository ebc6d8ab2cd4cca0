"""Renews leases: in rounds of a thread, of the worker's or of its supervisor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq import operations
from streamq.worker.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamq.client import Client
    from streamq.keys import QueueKeys

CHUNK = 500  # tokens in one call


def renew(
    client: Client,
    queues: Sequence[QueueKeys],
    worker: str,
    lease_ms: int,
    tokens: Callable[[str], list[str]],
) -> list[tuple[str, str]]:
    """Renew a worker's claims and say that it lives; returns the lost ones as (queue, token).

    `tokens` gives the claims held in a queue; where there are none it's a sign of life. Both
    last for one lease, so that a lost machine's jobs count as crashed, not as abandoned.
    Raises what the client raises.
    """
    calls, asked = [], []
    for keys in queues:
        held = tokens(keys.queue)
        for at in range(0, max(1, len(held)), CHUNK):
            chunk = held[at : at + CHUNK]
            asked.append([(keys.queue, token) for token in chunk])
            calls.append(
                operations.extend(
                    keys, worker=worker, alive_ms=lease_ms, lease_ms=lease_ms, tokens=chunk
                )
            )
    answers = client.run_many(calls, timeout=max(1.0, lease_ms / 3000))
    return [
        claim
        for claims, words in zip(asked, answers, strict=True)
        for claim, word in zip(claims, words, strict=True)
        if word == "LEASELOST"
    ]


def renewing(
    once: Callable[[], object],
    lease_ms: int,
    broken: Callable[[BaseException], None] | None = None,
) -> Rounds:
    """Rounds of that, in which `renew` is called: every third of a lease."""
    return Rounds("renewal", once, lease_ms / 3000, broken=broken)

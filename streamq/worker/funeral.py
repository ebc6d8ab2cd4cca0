"""What is to be done for a worker process that has ended, whichever way."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.operations import HandBack, weight

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from streamq.client import Client
    from streamq.keys import QueueKeys
    from streamq.operations import Call

log = logging.getLogger("streamq.worker")

AT_ONCE = weight.CALL // weight.HEAVY  # jobs of which nothing is known, in one call


def after_crash(
    client: Client,
    queues: Iterable[QueueKeys],
    worker: str,
    timeout: float,
    *,
    apart: AbstractSet[str] = frozenset(),
) -> None:
    """Show it dead, so that its jobs' crashes count, and let its leases end now, not in their time.

    Nobody works on those jobs any more; whoever reclaims next has them. Jobs that it had given to
    processes of their own are handed back, and no crash of theirs is counted. Again does no harm.
    """
    for keys in queues:
        jobs = unregister(client, keys, worker, timeout)
        for call in release_calls(keys, worker, [job for job in jobs if job.id in apart]):
            client.run(call, timeout=timeout)
        if jobs:
            tokens = list({job.token: None for job in jobs})
            calls: list[Call[Any]] = [  # 1 ms is the least that a lease may have
                operations.extend(keys, worker=worker, alive_ms=1, lease_ms=1, tokens=tokens),
                operations.unregister(keys, worker=worker),
            ]
            client.run_many(calls, timeout=timeout)


def after_shutdown(client: Client, queues: Iterable[QueueKeys], worker: str, timeout: float) -> int:
    """Hand back what it could not end, now that nothing runs it any more; returns how many.

    The attempt isn't counted. Again does no harm: who settled a job holds it no more.
    """
    released = 0
    for keys in queues:
        jobs = unregister(client, keys, worker, timeout)
        calls: list[Call[Any]] = release_calls(keys, worker, jobs)
        for call in calls:
            words = client.run(call, timeout=timeout)
            released += sum(word != "LEASELOST" for word in words)
        if calls:
            client.run(operations.unregister(keys, worker=worker), timeout=timeout)
    return released


def unregister(client: Client, keys: QueueKeys, worker: str, timeout: float) -> list[HandBack]:
    """Have a worker forgotten, and find the jobs of its claims, settled or not.

    In this order: what it had sent ahead is refused from then on.
    """
    client.run(operations.unregister(keys, worker=worker), timeout=timeout)
    key = keys.key("claims")
    return claimed_by(worker, client.command("HGETALL", key, key=key, timeout=timeout))


def claimed_by(worker: str, claims: Sequence[bytes]) -> list[HandBack]:
    """The jobs of a worker's claims, out of `HGETALL` of all claims."""
    found = []
    for token, text in zip(claims[::2], claims[1::2], strict=True):
        whose, _, *ids = text.decode().split()  # worker, how many, which
        if whose == worker:
            found += [HandBack(job_id, token.decode()) for job_id in ids]
    return found


def release_calls(keys: QueueKeys, worker: str, jobs: Sequence[HandBack]) -> list[Call[Any]]:
    """What hands back all of these."""
    return [
        operations.release(keys, worker=worker, seq=time.time_ns(), jobs=jobs[at : at + AT_ONCE])
        for at in range(0, len(jobs), AT_ONCE)
    ]

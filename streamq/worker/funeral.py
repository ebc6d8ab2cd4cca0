"""What is to be done for a worker process that has ended, whichever way."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.operations import HandBack
from streamq.worker.room import MOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.client import Client
    from streamq.keys import QueueKeys
    from streamq.operations import Call
    from streamq.worker.child import Child

log = logging.getLogger("streamq.worker")


def after_crash(client: Client, queues: Iterable[QueueKeys], child: Child, timeout: float) -> None:
    """Show it dead, so that its jobs' crashes count, and let its leases end now, not in their time.

    Nobody works on those jobs any more; whoever reclaims next has them. Again does no harm.
    """
    for keys in queues:
        calls: list[Call[Any]] = []
        if tokens := child.tokens(keys.queue):
            calls.append(  # 1 ms is the least that a lease may have
                operations.extend(keys, worker=child.name, alive_ms=1, lease_ms=1, tokens=tokens)
            )
        calls.append(operations.unregister(keys, worker=child.name))
        client.run_many(calls, timeout=timeout)


def after_shutdown(
    client: Client, queues: Iterable[QueueKeys], child: Child, timeout: float
) -> int:
    """Hand back what it could not end, now that nothing runs it any more; returns how many.

    The attempt isn't counted. Again does no harm: who settled a job holds it no more.
    """
    released = 0
    for keys in queues:
        jobs = _still_held(client, keys, child.tokens(keys.queue), timeout)
        calls = [
            operations.release(
                keys, worker=child.name, seq=time.time_ns(), jobs=jobs[at : at + MOST]
            )
            for at in range(0, len(jobs), MOST)
        ]
        for call in calls:
            words = client.run(call, timeout=timeout)
            released += sum(word != "LEASELOST" for word in words)
        client.run(operations.unregister(keys, worker=child.name), timeout=timeout)
    return released


def _still_held(
    client: Client, keys: QueueKeys, tokens: list[str], timeout: float
) -> list[HandBack]:
    """The jobs of these claims, settled or not."""
    if not tokens:
        return []
    key = keys.key("claims")
    texts = client.command("HMGET", key, *tokens, key=key, timeout=timeout)
    return [
        HandBack(job_id.decode(), token)
        for token, text in zip(tokens, texts, strict=True)
        if text
        for job_id in text.split()[2:]  # behind worker and number
    ]

"""Outcomes of jobs that ran where they were called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.operations.bind import bind, text
from streamq.operations.settle import RESULTS_CAP

if TYPE_CHECKING:
    from streamq.keys import QueueKeys
    from streamq.operations.call import Call
    from streamq.operations.enqueue import Idempotency
    from streamq.operations.outcome import Outcome


def deposit(
    keys: QueueKeys,
    *,
    id: str,  # noqa: A002 - as the script has it
    outcome: Outcome,
    ttl_ms: int,
    results_cap: int = RESULTS_CAP,
    idempotency: Idempotency | None = None,
) -> Call[str]:
    """Keeps the outcome of a job that was never enqueued: OK, or ALREADY where its id is known."""
    more = [keys.idempotency(idempotency.digest)] if idempotency else []
    return bind(
        "deposit",
        keys,
        text,
        more_keys=more,
        id=id,
        kind=outcome.kind,
        attempts=outcome.attempts,
        run_ms=outcome.run_ms,
        task=outcome.task,
        ttl_ms=ttl_ms,
        bytes=outcome.value,
        results_cap=results_cap,
        idem=f"{id} {idempotency.args_digest}" if idempotency else "",
    )

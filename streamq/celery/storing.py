"""`task_store_eager_result`: what ran in eager mode is found by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.keyed import key_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamq import AsyncResult as Job
    from streamq.celery.app import Celery


def store(app: Celery, job: Job[Any], said: Mapping[str, Any]) -> None:
    """Keep how it ended; the id that the caller gave finds it, too. Raises as an enqueue."""
    if job.outcome is None or job.outcome.kind == "none" or job.queue is None:
        return
    idempotency = None
    if key := said.get("idempotency_key"):
        idempotency = operations.Idempotency(key_digest(key, job.task), "eager", 0)
    ttl_ms = max(1, round(app.conf.result_ttl * 1000))
    call = operations.deposit(
        app.keys(job.queue),
        id=job.id,
        outcome=job.outcome,
        ttl_ms=ttl_ms,
        results_cap=app.conf.results_limit,
        idempotency=idempotency,
    )
    if app.runtime.must_announce(job.queue):
        app.runtime.announce(job.queue)
    app.client.run(call)

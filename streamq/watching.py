"""What the application has around enqueueing hears how it went, and who listens is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from streamq.hooks import JobEvent

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from streamq.enqueuing import Plan
    from streamq.hooks import Hooks
    from streamq.operations import NewJob

Step = TypeVar("Step")


def watched(
    hooks: Hooks,
    steps: Generator[Step, Any, list[str]],
    planned: Sequence[tuple[Plan, NewJob]],
) -> Generator[Step, Any, list[str]]:
    """The same steps; where only some of many jobs were enqueued, all are told of the failure."""
    try:
        ids = yield from steps
    except BaseException as error:
        for _, job in reversed(planned):
            if job.around is not None:
                job.around.failed(error)
        raise
    for (plan, job), job_id in zip(planned, ids, strict=True):
        if job.around is not None:
            job.around.sent(job_id)
        if job_id == job.id:  # else another job has its key
            tell_enqueued(hooks, plan, job)
    return ids


def tell_enqueued(hooks: Hooks, plan: Plan, job: NewJob) -> None:
    """Call the handlers of `job.enqueued`."""
    if handlers := hooks.handlers.get("job.enqueued"):
        event = JobEvent("job.enqueued", job.id, job.task, plan.queue)
        for handle in handlers:
            handle(event)

"""Accepting plain jobs: for now, for ever, under no idempotency key. What most calls are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.operations.enqueue import NewJob, enqueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call
    from streamq.operations.enqueue import Enqueued


class PlainEnqueue:
    """Calls that enqueue jobs of one task: only producer, counter, ids and bodies differ."""

    __slots__ = ("keys", "opts", "packed", "task")

    def __init__(self, keys: QueueKeys, task: str, opts: str) -> None:
        self.keys = keys
        self.task = task
        self.opts = opts
        self.packed: Any = None  # what is the same in all of them, kept by who sends them

    def call(
        self, producer: str, counter: int, jobs: Sequence[tuple[str, bytes]]
    ) -> Call[list[Enqueued]]:
        """One of them; `jobs` is id and body of each, 1 to 200."""
        items = [NewJob(job_id, self.task, body, opts=self.opts) for job_id, body in jobs]
        return enqueue(self.keys, producer=producer, counter=counter, jobs=items)

"""Accepting one plain job: for now, for ever, under no idempotency key. What most calls are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.operations.enqueue import NewJob, enqueue

if TYPE_CHECKING:
    from streamq.keys import QueueKeys
    from streamq.operations.call import Call
    from streamq.operations.enqueue import Enqueued


class PlainEnqueue:
    """The calls that enqueue one such job of a task; only producer, counter, id and body differ."""

    __slots__ = ("keys", "opts", "packed", "task")

    def __init__(self, keys: QueueKeys, task: str, opts: str) -> None:
        self.keys = keys
        self.task = task
        self.opts = opts
        self.packed: Any = None  # what is the same in all of them, kept by who sends them

    def call(self, producer: str, counter: int, job_id: str, body: bytes) -> Call[list[Enqueued]]:
        """One of them."""
        job = NewJob(job_id, self.task, body, opts=self.opts)
        return enqueue(self.keys, producer=producer, counter=counter, jobs=(job,))

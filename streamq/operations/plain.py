"""Accepting plain jobs: for now, for ever, under no idempotency key. What most calls are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.operations.call import Call
from streamq.operations.enqueue import PRODUCER_TTL_MS, NewJob, enqueue, job_values
from streamq.scripts import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.enqueue import Enqueued


class PlainEnqueue:
    """Calls that enqueue jobs of one task: only producer, counter, ids and bodies differ."""

    __slots__ = ("keys", "opts", "packed", "task")

    def __init__(self, keys: QueueKeys, task: str, opts: str) -> None:
        self.keys = keys
        self.task = task
        self.opts = opts
        self.packed: dict[bool, Any] = {}  # what is the same in all of them, kept by who sends them

    def call(
        self, producer: str, counter: int, jobs: Sequence[tuple[str, bytes]]
    ) -> Call[list[Enqueued]]:
        """One of them; `jobs` is id and body of each, 1 to 200."""
        return enqueue(self.keys, producer=producer, counter=counter, jobs=self._items(jobs))

    def short(self, producer: str, counter: int, jobs: Sequence[tuple[str, bytes]]) -> Call[bool]:
        """The same by the shortest way; reads False where nothing changed, and `call` is needed."""
        if len(jobs) > 1:
            call = self.call(producer, counter, jobs)
            return Call(call.script, call.keys, call.args, _is_done, call.queue)
        return put(self.keys, producer=producer, counter=counter, job=self._items(jobs)[0])

    def _items(self, jobs: Sequence[tuple[str, bytes]]) -> list[NewJob]:
        return [NewJob(job_id, self.task, body, opts=self.opts) for job_id, body in jobs]


def put(keys: QueueKeys, *, producer: str, counter: int, job: NewJob) -> Call[bool]:
    """Accepts one plain job; False: nothing changed, the same call is for `enqueue`."""
    script = load("put")
    bound = (*keys.bound(script.keys[:-1]), keys.producer(producer))
    args = (counter, PRODUCER_TTL_MS, *job_values(job))
    return Call(script, bound, args, _is_done, keys.queue)


def _is_done(reply: Any) -> bool:
    return isinstance(reply, bytes)

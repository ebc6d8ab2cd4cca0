"""The short way of plain calls: one by itself, or many, encoded while the server works."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from streamq.context import tell_children
from streamq.errors import StreamQError
from streamq.operations import weight
from streamq.result import AsyncResult
from streamq.sending import BATCH_BYTES, send, sending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.enqueuing import Plan
    from streamq.operations import NewJob
    from streamq.runtime import Runtime

    Checked: TypeAlias = tuple[Plan, tuple[Any, ...], dict[str, Any]]

AHEAD = 1000  # calls that are encoded before the first is sent, and ahead of what is sent


class Stream:
    """One `delay_many`. Holds the bodies of a thousand calls at most, and the handles of all."""

    def __init__(
        self, runtime: Runtime, check: Callable[[Any], Checked], calls: Iterable[Any]
    ) -> None:
        self._runtime = runtime
        self._check = check
        self._calls = iter(calls)
        self._ahead: deque[tuple[Plan, str, bytes, NewJob | None]] = deque()
        self._results: list[AsyncResult[Any]] = []
        self._sent = 0
        self._failure: Exception | None = None  # of the call that comes next

    def run(self) -> list[AsyncResult[Any]]:
        """Enqueue them all; the handle of each, in their order."""
        self._look_ahead(AHEAD)
        while self._ahead and self._failure is None:
            batch = self._take()
            try:
                if not self._send_plain(batch):
                    self._send(batch)
            except StreamQError as error:
                raise self._noted(error) from error.__cause__
            self._sent += len(batch)
        if self._failure is not None:
            raise self._noted(self._failure)
        return self._results

    def _look_ahead(self, n: int) -> None:
        """Check and encode the next n calls; what fails is raised once nothing is on its way."""
        add, keep, check = self._ahead.append, self._results.append, self._check
        try:
            for call in islice(self._calls, n):
                plan, args, kwargs = check(call)
                if plan.plain is not None:
                    job, job_id, body = None, plan.new_id(), plan.encoded(args, kwargs)
                else:
                    job = plan.prepare(args, kwargs)
                    job_id, body = job.id, job.body
                add((plan, job_id, body, job))
                keep(AsyncResult(job_id, plan.runtime, plan.queue, plan.task, known=True))
        except Exception as error:  # noqa: BLE001 - the caller's; raised by `run`
            self._failure = error

    def _take(self) -> list[tuple[Plan, str, bytes, NewJob | None]]:
        """As many as one call of the script may take."""
        batch: list[tuple[Plan, str, bytes, NewJob | None]] = []
        ahead, size, work = self._ahead, 0, 0
        while ahead:
            _, _, body, job = ahead[0]
            size += len(body)
            work += 1 if job is None else weight.of_new(job)
            if batch and (size > BATCH_BYTES or work > weight.CALL):
                break
            batch.append(ahead.popleft())
        return batch

    def _send_plain(self, batch: list[tuple[Plan, str, bytes, NewJob | None]]) -> bool:
        """The short way, for jobs of one kind; False: go the long way."""
        runtime, plan = self._runtime, batch[0][0]
        if plan.plain is None or any(one[0] is not plan for one in batch):
            return False
        if runtime.must_announce(plan.queue):
            runtime.announce(plan.queue)
        jobs = [(job_id, body) for _, job_id, body, _ in batch]
        meanwhile = partial(self._look_ahead, len(batch))
        if not runtime.client.enqueue_plain(plan.plain, jobs, meanwhile):
            return False
        tell_children(plan.task, (job_id for job_id, _ in jobs))
        return True

    def _send(self, batch: list[tuple[Plan, str, bytes, NewJob | None]]) -> None:
        planned = [(plan, job or plan.job(job_id, body)) for plan, job_id, body, job in batch]
        for at, job_id in enumerate(send(self._runtime, sending(self._runtime, planned))):
            if job_id != batch[at][1]:  # the job that had its key
                plan = batch[at][0]
                one = AsyncResult[Any](job_id, plan.runtime, plan.queue, plan.task, known=True)
                self._results[self._sent + at] = one
        self._look_ahead(len(batch))

    def _noted(self, error: Exception) -> Exception:
        if self._sent:
            error.add_note(f"{self._sent} jobs were enqueued before this")
        return error


def send_one(runtime: Runtime, plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Encode and enqueue one job; its id."""
    plain = plan.plain
    if plain is None or runtime.must_announce(plan.queue):
        return send(runtime, sending(runtime, ((plan, plan.prepare(args, kwargs)),)))[0]
    body, job_id = plan.encoded(args, kwargs), plan.new_id()
    if runtime.client.enqueue_plain(plain, ((job_id, body),)):
        tell_children(plan.task, (job_id,))
    else:
        send(runtime, sending(runtime, ((plan, plan.job(job_id, body)),)))
    return job_id

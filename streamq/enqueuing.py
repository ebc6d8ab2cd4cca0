"""From a call's arguments to an accepted job; what is the same for all calls is done once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.errors import ConfigurationError, EncodeError, IdempotencyConflict, StreamQError
from streamq.ids import id_tail
from streamq.keyed import key_digest
from streamq.operations import Idempotency, NewJob
from streamq.operations.plain import PlainEnqueue
from streamq.option_checks import SharedKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from streamq.config import Settings
    from streamq.definition import Definition
    from streamq.operations import Enqueued
    from streamq.options import CallOptions, TaskOptions
    from streamq.parking import Parking
    from streamq.runtime import Runtime

BATCH_JOBS = 200  # of one script call
BATCH_BYTES = 4 * 1024 * 1024  # of one script call, so that the server is not held up for long


class Plan:
    """How the jobs of one task are enqueued under certain options. Immutable; made once."""

    __slots__ = (
        *("due", "eager", "expires", "keys", "opts", "options", "plain", "queue", "runtime"),
        *("_definition", "_max_bytes", "_parking", "_tail", "_types", "task", "version", "_wire"),
    )

    def __init__(
        self,
        runtime: Runtime,
        task: str,
        options: TaskOptions,
        said: CallOptions,
        definition: Definition | None = None,  # None: sent by name, the function is elsewhere
        *,
        parking: Parking | None = None,  # None: nothing holds its jobs back
    ) -> None:
        self.runtime, self.task, self.options = runtime, task, options
        self.version = runtime.conf.version
        self.eager = runtime.conf.eager
        self._max_bytes = runtime.conf.max_payload_bytes
        self.queue = checked_queue(runtime.conf, options.queue)
        self.keys = runtime.keys(options.queue)
        self.due = _moment(options.eta, options.countdown) or "0"
        relative = options.expires if isinstance(options.expires, float) else None
        absolute = None if isinstance(options.expires, float) else options.expires
        self.expires = _moment(absolute, relative) or "-"
        self.opts = "-" if said.max_crashes is None else f"c={said.max_crashes}"
        self._tail = id_tail(options.queue, not options.ignore_result)
        self._definition = definition
        self._parking = parking
        self._types = definition.types if definition else None
        self._wire = said.wire()
        if options.tags:
            self._wire["tags"] = list(options.tags)
        held = options.idempotency_key or parking
        is_plain = (self.due, self.expires, held) == ("0", "-", None)
        self.plain = PlainEnqueue(self.keys, task, self.opts) if is_plain else None

    def prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NewJob:
        """The job of one call, encoded; `EncodeError` names the argument that can't be sent."""
        body = self.encoded(args, kwargs)
        idempotency = self._idempotency(args, kwargs) if self.options.idempotency_key else None
        job = self.job(self.new_id(), body, idempotency)
        parking = self._parking
        return job if parking is None else replace(job, opts=parking.opts(job.opts, args, kwargs))

    def job(self, job_id: str, body: bytes, idempotency: Idempotency | None = None) -> NewJob:
        """A job as the script takes it."""
        return NewJob(job_id, self.task, body, self.due, self.expires, self.opts, idempotency)

    def new_id(self) -> str:
        """An id for one of its jobs."""
        return self.runtime.ids.with_tail(self._tail)

    def encoded(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
        """The arguments of one call as bytes; raises as `prepare`."""
        runtime = self.runtime
        codec, serializer = runtime.codec, self.options.serializer
        body = codec.encode_call(args, kwargs, self._wire, self._types, serializer)
        if len(body) > self._max_bytes:
            raise EncodeError(
                f"{self.task}: its arguments take {len(body)} bytes, max_payload_bytes is "
                f"{self._max_bytes};\nkeep large data elsewhere and send where it is"
            )
        return body

    def _idempotency(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Idempotency:
        """Two calls with the same arguments are the same, however each was written."""
        if self._definition is not None:
            args, kwargs = self._definition.canonical(args, kwargs)
        kwargs = dict(sorted(kwargs.items()))
        serializer = self.options.serializer
        written = self.runtime.codec.encode_call(args, kwargs, {}, self._types, serializer)
        key = self.options.idempotency_key or ""
        if isinstance(key, SharedKey):
            written = f"{self.task}\0".encode() + written
        return Idempotency(
            key_digest(key, self.task),
            blake2b(written, digest_size=16).hexdigest(),
            max(1, round(self.options.idempotency_ttl * 1000)),
        )


@dataclass(frozen=True, slots=True)
class Announce:
    """A step: make a queue known."""

    queue: str


@dataclass(frozen=True, slots=True)
class Send:
    """A step: one call of the script; answered with what became of each job."""

    describe: Callable[[str, int], operations.Call[list[Enqueued]]]
    queue: str
    ids: tuple[str, ...]


Sending = Generator[Announce | Send, Any, list[str]]


def sending(runtime: Runtime, planned: Sequence[tuple[Plan, NewJob]]) -> Sending:
    """The steps that enqueue jobs; returns the id of each, in their order.

    Under an idempotency key that is the id of the first job that had it. What fails says, in
    a note, how many jobs before it are enqueued.
    """
    ids = [job.id for _, job in planned]
    done = 0
    for batch in _batches(planned):
        plan = planned[batch[0]][0]
        jobs = [planned[at][1] for at in batch]
        try:
            if runtime.must_announce(plan.queue):
                yield Announce(plan.queue)
            describe = partial(_describe, plan, jobs)
            answers = yield Send(describe, plan.queue, tuple(job.id for job in jobs))
            for at, answer in zip(batch, answers, strict=True):
                ids[at] = _accepted(plan.task, answer)
        except StreamQError as error:
            if done:
                error.add_note(f"{done} of the {len(ids)} jobs were enqueued before this")
            raise
        done += len(batch)
    return ids


def send(runtime: Runtime, steps: Sending) -> list[str]:
    """Carry out the steps with blocking calls."""
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            try:
                if isinstance(step, Announce):
                    runtime.announce(step.queue)
                else:
                    answer = runtime.client.enqueue(step.describe, step.queue, step.ids)
            except StreamQError as error:
                steps.throw(error)  # which adds what is known, and raises it
    except StopIteration as end:
        ids: list[str] = end.value
        return ids


async def send_async(runtime: Runtime, steps: Sending) -> list[str]:
    """As `send`, in the running loop."""
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            try:
                if isinstance(step, Announce):
                    await runtime.announce_async(step.queue)
                else:
                    client = runtime.client
                    answer = await client.enqueue_async(step.describe, step.queue, step.ids)
            except StreamQError as error:
                steps.throw(error)
    except StopIteration as end:
        ids: list[str] = end.value
        return ids


def _describe(
    plan: Plan, jobs: Sequence[NewJob], producer: str, counter: int
) -> operations.Call[list[Enqueued]]:
    return operations.enqueue(plan.keys, producer=producer, counter=counter, jobs=jobs)


def _batches(planned: Sequence[tuple[Plan, NewJob]]) -> Iterable[list[int]]:
    """Places in the list, by queue, as many together as one call may take."""
    if len(planned) == 1:
        return ([0],)
    by_queue: dict[str, list[list[int]]] = {}
    sizes: dict[str, int] = {}
    for at, (plan, job) in enumerate(planned):
        batches = by_queue.setdefault(plan.queue, [[]])
        size = sizes.get(plan.queue, 0) + len(job.body)
        if len(batches[-1]) >= BATCH_JOBS or (batches[-1] and size > BATCH_BYTES):
            batches.append([])
            size = len(job.body)
        sizes[plan.queue] = size
        batches[-1].append(at)
    return (batch for batches in by_queue.values() for batch in batches)


def _accepted(task: str, answer: Enqueued) -> str:
    if answer.word == "CONFLICT":
        raise IdempotencyConflict(
            f"{task}: this idempotency key belongs to job {answer.id}, which has other arguments.\n"
            "Use another key, or look at that job: app.result(error.job_id)",
            job_id=answer.id,
        )
    return answer.id


def checked_queue(conf: Settings, queue: str) -> str:
    """The queue, unless the settings say that jobs go only to queues that they name."""
    if conf.task_create_missing_queues or queue in {*conf.task_queues, conf.default_queue}:
        return queue
    named = ", ".join(dict.fromkeys([conf.default_queue, *conf.task_queues]))
    raise ConfigurationError(
        f"queue {queue!r} is not in task_queues, and task_create_missing_queues=False;\n"
        f"there are {named}"
    )


def _moment(at: datetime | None, wait: float | None) -> str:
    """A time as the script takes it: at a Unix time, or from the server's now; empty: neither."""
    if at is not None:
        return f"@{max(0, round(at.timestamp() * 1000))}"
    return "" if not wait else f"+{max(1, round(wait * 1000))}"

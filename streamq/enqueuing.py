"""From a call's arguments to an accepted job; what is the same for all calls is done once."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from streamq.around import Entered
from streamq.context import running_job
from streamq.errors import ConfigurationError, EncodeError
from streamq.hooks import EnqueuedCall
from streamq.ids import id_tail
from streamq.keyed import key_digest
from streamq.operations import Idempotency, NewJob
from streamq.operations.plain import PlainEnqueue
from streamq.option_checks import SharedKey
from streamq.unique import NO_QUIET
from streamq.uniqueness import UniqueKeys

if TYPE_CHECKING:
    from datetime import datetime

    from streamq.config import Settings
    from streamq.definition import Definition
    from streamq.options import CallOptions, TaskOptions
    from streamq.parking import Parking
    from streamq.runtime import Runtime


class Plan:
    """How the jobs of one task are enqueued under certain options. Immutable; made once."""

    __slots__ = (
        *("budget", "due", "eager", "expires", "keys", "opts", "options", "plain", "queue"),
        *("_definition", "_max_bytes", "_parking", "runtime", "_tail", "_types", "task", "unique"),
        *("version", "_wire"),
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
        merged = options.unique or options.debounce
        if options.max_wait is not None and options.debounce is None:
            raise TypeError(f"{task}: {NO_QUIET}")
        self.unique = UniqueKeys(task, options, definition) if merged else None
        quiet = self.unique.due if self.unique else ""
        self.due = quiet or _moment(options.eta, options.countdown) or "0"
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
        if options.redact:
            self._wire["redact"] = list(options.redact)
        self.budget = runtime.budget(options.queue)
        special = options.idempotency_key or parking or self.unique or self.budget
        is_plain = not (special or runtime.hooks.see_enqueues)
        is_plain = is_plain and (self.due, self.expires) == ("0", "-")
        self.plain = PlainEnqueue(self.keys, task, self.opts) if is_plain else None

    def prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NewJob:
        """The job of one call, encoded; `EncodeError` names the argument that can't be sent.

        What the application has put around enqueueing has begun then.
        """
        makers = self.runtime.hooks.around_enqueue
        if not makers:
            return self.prepare_alone(args, kwargs)
        headers = dict(self.options.headers)
        call = EnqueuedCall(self.new_id(), self.task, self.queue, args, kwargs, headers)
        entered = Entered(makers, call)
        try:
            job = self.prepare_alone(args, kwargs, call.headers)
        except BaseException as error:
            entered.failed(error)
            raise
        return replace(job, id=call.id, around=entered)

    def prepare_alone(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        headers: dict[str, Any] | None = None,  # in place of those of its options
    ) -> NewJob:
        """As `prepare`, with nothing around it."""
        body = self.encoded(args, kwargs, headers)
        idempotency = self._idempotency(args, kwargs) if self.options.idempotency_key else None
        unique = self.unique.text(self.runtime.codec, args, kwargs) if self.unique else ""
        job = self.job(self.new_id(), body, idempotency, unique)
        parking = self._parking
        return job if parking is None else replace(job, opts=parking.opts(job.opts, args, kwargs))

    def job(
        self, job_id: str, body: bytes, idempotency: Idempotency | None = None, unique: str = ""
    ) -> NewJob:
        """A job as the script takes it."""
        opts = self.opts
        return NewJob(job_id, self.task, body, self.due, self.expires, opts, idempotency, unique)

    def new_id(self) -> str:
        """An id for one of its jobs."""
        return self.runtime.ids.with_tail(self._tail)

    def encoded(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], headers: dict[str, Any] | None = None
    ) -> bytes:
        """The arguments of one call as bytes; raises as `prepare`."""
        runtime = self.runtime
        codec, serializer = runtime.codec, self.options.serializer
        wire = {**self._wire, "headers": headers} if headers else self._wire
        if (parent := running_job()) is not None and parent.id:
            wire = {**wire, "parent": parent.id}
        body = codec.encode_call(args, kwargs, wire, self._types, serializer)
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

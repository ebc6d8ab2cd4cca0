"""The application: its settings, its tasks, and its connection to the server."""

from __future__ import annotations

import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from streamq.call_signature import NamedCall, TaskCall
from streamq.collecting import Collecting
from streamq.config import Settings
from streamq.configuring import Configuring
from streamq.declaring import Declaring
from streamq.errors import ConfigurationError
from streamq.hooking import Hooking
from streamq.location import Location
from streamq.option_checks import queue_name
from streamq.options import call_options
from streamq.result import AsyncResult
from streamq.runtime import Runtime, check_backend
from streamq.schedules.declaring import Scheduling
from streamq.steering import Steering
from streamq.zones import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    from streamq.client import Client
    from streamq.codec import Codec
    from streamq.keys import QueueKeys
    from streamq.option_types import CallOptionsDict
    from streamq.task import Task

T = TypeVar("T")


class StreamQ(Scheduling, Declaring, Hooking, Steering, Collecting, Configuring):
    """An application: `app = StreamQ("shop", broker="redis://localhost")`.

    Making one reads `STREAMQ_*` from the environment and connects to nothing. Safe for threads,
    event loops and forked children. Raises `ConfigurationError` for settings that can't be.
    """

    settings_class = Settings

    def __init__(
        self,
        name: str,
        *,
        broker: str | None = None,  # URL; None: STREAMQ_BROKER_URL, else the embedded server
        backend: str | None = None,  # None: results are kept in the broker
        **settings: Any,  # see `streamq.config`
    ) -> None:
        try:
            queue_name(name, "StreamQ(name)")
        except (TypeError, ValueError) as error:
            raise ConfigurationError(str(error)) from None
        urls = {"broker": broker, "backend": backend}
        code = {**{key: url for key, url in urls.items() if url is not None}, **settings}
        conf = self.settings_class(os.environ, code)
        if conf.broker is not None:
            check_backend(conf)
        super().__init__(Runtime(name, conf))
        self.runtime.hooks.application = self
        self._made = Location(sys._getframe(1))  # noqa: SLF001 - where this application is written

    # --- what it is made of ------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The application's name; tasks in `__main__` are named after it."""
        return self.runtime.name

    @property
    def conf(self) -> Settings:
        """The settings: `app.conf.lease = 60`, `app.conf.update(…)`."""
        return self.runtime.conf

    @property
    def namespace(self) -> str:
        """The first part of all keys."""
        return self.runtime.namespace

    @property
    def client(self) -> Client:
        """Talks to the server; connects when first used."""
        return self.runtime.client

    @property
    def codec(self) -> Codec:
        """Values to bytes and back."""
        return self.runtime.codec

    @property
    def location(self) -> str | None:
        """How another process can import it: "module:attribute" or "path/file.py:attribute"."""
        return self._made.of(self)

    @property
    def tasks(self) -> Mapping[str, Task[..., Any]]:
        """The registered tasks by name."""
        return MappingProxyType(self._tasks)

    def keys(self, queue: str) -> QueueKeys:
        """The keys of a queue."""
        return self.runtime.keys(queue)

    def queues(self) -> list[str]:
        """The default queue and all that tasks, `app.queue`, settings and routes name."""
        named = [task.task_options.queue for task in self._tasks.values()]
        named += [*self.runtime.queue_options, *self.conf.task_queues, *self.runtime.routing.queues]
        return list(dict.fromkeys([self.conf.default_queue, *named]))

    def register_type(
        self,
        cls: type,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
    ) -> None:
        """Let instances of a class be sent: `encode` makes a value that can be, `decode` undoes it.

        An Enum, a dataclass and a pydantic model need neither. Both sides must register it.
        """
        self.codec.register_type(cls, encode, decode)

    # --- enqueueing --------------------------------------------------------------------------

    def send_task(
        self,
        name: str,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptionsDict],
    ) -> AsyncResult[Any]:
        """Enqueue a job of a task by its name, whether or not its function is here.

        Queue and options are those its workers published (looked up every 5 s), or the
        default queue's. Raises as `Task.delay`; arguments are checked only where it is known.
        """
        return self.call(name, args, kwargs, **options).delay()

    async def asend_task(
        self,
        name: str,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptionsDict],
    ) -> AsyncResult[Any]:
        """As `send_task`, from async code."""
        return await self.call(name, args, kwargs, **options).adelay()

    def call(
        self,
        name: str,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptionsDict],
    ) -> TaskCall[Any] | NamedCall:
        """A call of a task by its name, to enqueue later: as `task.s(…)`, from elsewhere too.

        Raises `TypeError` for arguments that don't fit a task that is known here, and as
        `send_task` when it is enqueued.
        """
        if task := self._tasks.get(name):
            return task.options(**options).s(*args, **(kwargs or {}))
        said = call_options(in_zone(options, self.conf.zone), f"a call of {name!r}")
        return NamedCall(self.runtime, name, tuple(args), kwargs or {}, said)

    def find(
        self, idempotency_key: str, *, task: str = "", queue: str | None = None
    ) -> AsyncResult[Any] | None:
        """The job that an idempotency key made, while that is known; None where none did.

        `task` is its task's name, not needed for a `SharedKey`. Without `queue` every queue is
        asked.
        """
        desk = self.runtime.desk
        found = desk.ask(desk.find(idempotency_key, task, queue))
        return AsyncResult(found[0], self.runtime, found[1], task) if found else None

    async def afind(
        self, idempotency_key: str, *, task: str = "", queue: str | None = None
    ) -> AsyncResult[Any] | None:
        """As `find`, from async code."""
        desk = self.runtime.desk
        found = await desk.aask(desk.find(idempotency_key, task, queue))
        return AsyncResult(found[0], self.runtime, found[1], task) if found else None

    def delay_many(self, calls: Iterable[TaskCall[T]]) -> list[AsyncResult[T]]:
        """Enqueue calls of any tasks at once; all are encoded before the first is sent."""
        several = _task_calls(calls)
        if self.conf.eager:
            return [call.delay() for call in several]
        planned = [call.task.prepare(call.args, call.kwargs) for call in several]
        job_ids = self.runtime.desk.enqueue(planned)
        return [
            AsyncResult(job_id, self.runtime, plan.queue, plan.task, known=True)
            for job_id, (plan, _) in zip(job_ids, planned, strict=True)
        ]

    async def adelay_many(self, calls: Iterable[TaskCall[T]]) -> list[AsyncResult[T]]:
        """As `delay_many`, from async code."""
        several = _task_calls(calls)
        if self.conf.eager:
            return [await call.adelay() for call in several]
        planned = [call.task.prepare(call.args, call.kwargs) for call in several]
        job_ids = await self.runtime.desk.aenqueue(planned)
        return [
            AsyncResult(job_id, self.runtime, plan.queue, plan.task, known=True)
            for job_id, (plan, _) in zip(job_ids, planned, strict=True)
        ]

    # --- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """Close idle connections; using the application again opens new ones."""
        self.runtime.close()

    async def aclose(self) -> None:
        """As `close`, with those of the running loop."""
        await self.runtime.aclose()

    def __repr__(self) -> str:
        return f"<StreamQ {self.name!r}: {len(self._tasks)} tasks>"


def _task_calls(calls: Iterable[TaskCall[T]]) -> list[TaskCall[T]]:
    several = list(calls)
    for call in several:
        if not isinstance(call, TaskCall):
            raise TypeError(f"app.delay_many: {call!r} is no call; write task.s(…)")
    return several

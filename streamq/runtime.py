"""What the tasks, calls and results of one application share."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from streamq.broker_url import redact_url
from streamq.embedded_default import broker_of
from streamq.errors import ConfigurationError
from streamq.hooks import Hooks
from streamq.ids import IdMaker
from streamq.keys import queue_keys, registry
from streamq.routing import Routing

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.codec import Codec, TaskTypes
    from streamq.config import Settings
    from streamq.definition import Definition
    from streamq.desk import Desk
    from streamq.keys import QueueKeys
    from streamq.limits import NamedLimit
    from streamq.listener import Listener
    from streamq.queue_options import QueueBudget, QueueOptions

ANNOUNCE_S = 60.0  # a queue is made known again after this, should the server have been emptied
_LOCKED = ("broker", "backend", "broker_options", "durability", "enqueue_timeout", "namespace")


class Runtime:
    """Settings, codec, ids and, once needed, the client. Safe for threads and forked children."""

    def __init__(self, name: str, conf: Settings) -> None:
        self.name = name
        self.conf = conf
        self.ids = IdMaker()
        self.definitions: dict[str, Definition] = {}  # of the tasks known here, by name
        self.queue_options: dict[str, QueueOptions] = {}  # of the queues declared here
        self.hooks = Hooks()
        self.named_limits: dict[tuple[str, str], NamedLimit] = {}  # by queue and name
        self._codec: Codec | None = None
        self._codec_version = -1  # of the settings that it follows
        self._routing: tuple[int, Routing | None] = (-1, None)  # and for which settings
        self._desk: Desk | None = None
        self._client: Client | None = None
        self._listener: Listener | None = None
        self._lock = threading.Lock()
        self._announced: dict[str, float] = {}  # queue -> monotonic time, of this process
        self._pid = os.getpid()

    @property
    def namespace(self) -> str:
        """The first part of all keys."""
        return self.conf.namespace

    @property
    def client(self) -> Client:
        """Talks to the server; made when first asked for, and connects when first used.

        From then on the settings that it is made of can't change.
        """
        return self._client or self._make_client()

    @property
    def codec(self) -> Codec:
        """Values to bytes and back; takes the larger of a payload and a result."""
        if self._codec is None:
            from streamq import options_on_calls  # noqa: PLC0415 - as the desk
            from streamq.codec import Codec  # noqa: PLC0415

            with self._fresh_lock():
                if self._codec is None:
                    codec = Codec()
                    for cls in options_on_calls.CLASSES:
                        codec.register_type(cls)
                    self._codec = codec
        if self._codec_version != self.conf.version:
            self._configure(self._codec)
        return self._codec

    def _configure(self, codec: Codec) -> None:
        conf = self.conf
        version = conf.version  # before what is read: a change meanwhile is seen next time
        codec.max_bytes = max(conf.max_payload_bytes, conf.max_result_bytes)
        codec.accepted = conf.accept_content
        codec.results_accepted = conf.result_accept_content or conf.accept_content
        codec.task_serializer = conf.task_serializer or codec.accepted[0]
        codec.result_serializer = conf.result_serializer or codec.results_accepted[0]
        self._codec_version = version

    @property
    def routing(self) -> Routing:
        """Routes and annotations under the settings as they are now."""
        version, routing = self._routing
        if routing is None or version != self.conf.version:
            version = self.conf.version
            routing = Routing(self.conf.task_routes or (), self.conf.task_annotations or ())
            self._routing = (version, routing)
        return routing

    @property
    def desk(self) -> Desk:
        """What talks to the server; loaded when first used, so that defining tasks is quick."""
        if self._desk is None:
            from streamq.desk import Desk  # noqa: PLC0415 - half of the time to load streamq

            with self._fresh_lock():
                if self._desk is None:
                    self._desk = Desk(self)
        return self._desk

    @property
    def listener(self) -> Listener:
        """Hears of jobs that end, for all who wait in this process."""
        if self._listener is None or self._listener.pid != os.getpid():
            from streamq.listener import Listener  # noqa: PLC0415 - only for those who wait

            client = self.client  # before the lock, which making it takes
            with self._fresh_lock():
                if self._listener is None or self._listener.pid != os.getpid():
                    self._listener = Listener(client, self.namespace)
        return self._listener

    def budget(self, queue: str) -> QueueBudget | None:
        """How much a queue may hold, as far as it was declared here."""
        declared = self.queue_options.get(queue)
        return declared.budget(self.conf.enqueue_timeout) if declared else None

    def keys(self, queue: str) -> QueueKeys:
        """The keys of a queue."""
        return queue_keys(self.namespace, queue)

    def types_of(self, task: str) -> TaskTypes | None:
        """What decodes a task's arguments and result, where it is known here."""
        known = self.definitions.get(task)
        return known.types if known else None

    def must_announce(self, queue: str) -> bool:
        """Whether the queue has to be made known before it is used; the first use of a minute."""
        last = self._announced.get(queue)
        return last is None or time.monotonic() - last > ANNOUNCE_S or self._pid != os.getpid()

    def announce(self, queue: str) -> None:
        """Make a queue known to those who look for queues."""
        key = registry(self.namespace)
        self.client.command("SADD", key, queue, key=key)
        self._note(queue)

    async def announce_async(self, queue: str) -> None:
        """As `announce`, in the running loop."""
        key = registry(self.namespace)
        await self.client.command_async("SADD", key, queue, key=key)
        self._note(queue)

    def close(self) -> None:
        """Close idle connections and stop listening; a later call opens what it needs."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        if self._client is not None:
            self._client.close()

    def restart(self) -> None:
        """Close, and forget the server: the settings that name it may change again."""
        self.close()
        with self._fresh_lock():
            self._client, self._announced = None, {}
            self.conf.unlock()

    async def aclose(self) -> None:
        """As `close`, with the running loop's connections."""
        self.close()
        if self._client is not None:
            await self._client.aclose()

    def _note(self, queue: str) -> None:
        self._notice_fork()
        self._announced[queue] = time.monotonic()

    def _fresh_lock(self) -> threading.Lock:
        self._notice_fork()
        return self._lock

    def _notice_fork(self) -> None:
        # A lock held by another thread while this process was forked would be held for ever.
        if self._pid != os.getpid():
            self._pid, self._announced, self._lock = os.getpid(), {}, threading.Lock()

    def _make_client(self) -> Client:
        from streamq.client import Client  # noqa: PLC0415 - as the desk

        with self._fresh_lock():
            if self._client is None:
                conf = self.conf
                url = broker_of(conf)
                check_backend(conf)
                conf.lock("the application has talked to its server", *_LOCKED)
                self._client = Client(
                    url,
                    namespace=conf.namespace,
                    timeout=conf.enqueue_timeout,
                    durability=conf.durability,
                    options=conf.broker_options,
                )
        return self._client


def check_backend(conf: Settings) -> None:
    """Refuse a backend that is another server than the broker: results live with their job.

    One that is the broker its own source names moves with it: code that names one server for
    both still runs on another, which a variable or a flag names as the broker.
    """
    backend = conf.backend
    if backend is None:
        return
    beside = conf.value("broker", no_stronger_than=conf.source("backend"))
    if any(broker and _same(broker) == _same(backend) for broker in (conf.broker, beside)):
        return
    raise ConfigurationError(
        f"backend={redact_url(backend)!r} is another server than the broker.\n"
        "Results are kept in the broker, in the step that ends their job, so that none gets lost:\n"
        "leave backend= out, or give it the broker's URL."
    )


def _same(url: str) -> str:
    """The URL, with what means the same written the same."""
    scheme, mark, rest = url.partition("://")
    family = scheme.lower().replace("valkey", "redis")
    host, slash, path = rest.partition("/")
    if family in {"redis", "rediss"}:
        host = (
            (host or "localhost")
            if ":" in host.rpartition("@")[2]
            else f"{host or 'localhost'}:6379"
        )
        path = "" if path == "0" else path
    return f"{family}{mark}{host}/{path}" if slash or mark else url

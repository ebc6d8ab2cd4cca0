"""The settings of an application: each typed, checked when it is set, and able to say its source.

Where a setting means what one of Celery's means, it has that one's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamq.broker_url import check_broker_url
from streamq.content import KINDS, content_kind
from streamq.levels import ALSO, Levels
from streamq.option_checks import queue_name
from streamq.options import TaskOptions, task_options
from streamq.retry import RetryPolicy
from streamq.routing import as_annotations, as_routers
from streamq.setting_checks import (
    Kinds,
    kinds,
    names,
    names_text,
    option,
)
from streamq.settings import (
    Alias,
    Setting,
    Source,
    duration,
    flag,
    flag_text,
    json_text,
    mapping,
    optional,
    optional_text,
    seconds_text,
    whole,
    whole_text,
    word,
)
from streamq.zones import check_zone, zone_of

if TYPE_CHECKING:
    from datetime import tzinfo

MIB = 1024 * 1024
_MANY = 1_000_000_000
# Settings that are options of every task that doesn't say itself.
_OPTIONS = {
    "task_serializer": "serializer",
    "task_ignore_result": "ignore_result",
    "task_default_priority": "priority",
    "task_default_rate_limit": "rate_limit",
    "task_time_limit": "time_limit",
    "task_soft_time_limit": "soft_time_limit",
}


def _url(given: Any, what: str) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{what}: must be a URL as a string, not {given!r}")
    return check_broker_url(given, what)


def _count(help_text: str, most: int = _MANY) -> Setting[int | None]:
    return Setting[int | None](None, optional(whole(1, most)), help_text, whole_text)


class Settings(Levels):
    """All settings, as attributes; `app.conf` is one. Raises `ConfigurationError` kindly."""

    broker = Setting[str | None](None, optional(_url), "URL of the server", optional_text)
    backend = Setting[str | None](
        None, optional(_url), "URL of the server for results; none: the broker", optional_text
    )
    namespace = Setting(
        "streamq",
        word(r"[A-Za-z0-9_.-]{1,64}", "1 to 64 of the characters A-Z a-z 0-9 _ . -"),
        "first part of all keys; applications that share queues share it",
    )
    default_queue = Setting("default", queue_name, "queue of tasks that name none")
    lease = Setting(
        30.0, duration(1), "seconds after which a silent worker's jobs run elsewhere", seconds_text
    )
    max_attempts = Setting(
        1, whole(1, _MANY), "runs of a failing job, the first included", whole_text
    )
    max_crashes = Setting(
        3, whole(0, 1_000_000), "killed runs after which a job is dead; 0: never twice", whole_text
    )
    result_ttl = Setting(86400.0, duration(0.001), "seconds a result is kept", seconds_text)
    idempotency_ttl = Setting(
        86400.0, duration(0.001), "seconds an idempotency key is known", seconds_text
    )
    enqueue_timeout = Setting(
        5.0, duration(0.01), "seconds until an enqueue without answer fails", seconds_text
    )
    durability = Setting[str | None](
        None,
        optional(word(r"fsync|replica:[1-9][0-9]?", '"fsync" or "replica:n"')),
        'what an enqueue waits for: nothing more, "fsync" or "replica:n"',
        optional_text,
    )
    max_payload_bytes = Setting(
        MIB, whole(64, 512 * MIB), "largest encoded arguments of a job", whole_text
    )
    max_result_bytes = Setting(MIB, whole(64, 512 * MIB), "largest encoded result", whole_text)
    results_limit = Setting(100_000, whole(1, _MANY), "results kept per queue", whole_text)
    dead_limit = Setting(100_000, whole(1, _MANY), "dead jobs kept per queue", whole_text)
    dead_ttl = Setting(30 * 86400.0, duration(1), "seconds a dead job is kept", seconds_text)
    grace = Setting(25.0, duration(0), "seconds that jobs get to end at shutdown", seconds_text)
    concurrency = _count("threads for plain tasks; none: by processors", 10000)
    async_concurrency = Setting(100, whole(1, 100_000), "async tasks at once", whole_text)
    process_concurrency = _count(
        "child processes for tasks with pool=process; none: by processors", 1000
    )
    max_jobs_per_child = _count("jobs after which a child process is replaced")
    max_memory_per_child = _count("MiB above which a child process is replaced")
    processes = Setting(1, whole(1, 1000), "worker processes, each with all of it", whole_text)
    max_jobs = _count("jobs after which a worker process is replaced")
    max_memory = _count("MiB above which a worker process is replaced")
    loglevel = Setting(
        "INFO", word(r"DEBUG|INFO|WARNING|ERROR|CRITICAL", "a log level"), "log level", str.upper
    )
    log_format = Setting("text", word(r"text|json", '"text" or "json"'), "shape of log lines")
    eager = Setting(default=False, check=flag, help="run jobs in place", from_text=flag_text)
    broker_options = Setting[Mapping[str, Any]](
        MappingProxyType({}), mapping, "passed to redis-py: certificates, credentials, …", json_text
    )
    task_serializer = Setting[str | None](
        None,
        optional(content_kind),
        "msgpack or json; none: as accept_content",
        optional_text,
    )
    result_serializer = Setting[str | None](
        None, optional(content_kind), "the same, for results", optional_text
    )
    result_extended = Setting(
        default=False,
        check=flag,
        help="whether results keep their job's arguments, for inspect",
        from_text=flag_text,
    )
    accept_content = Setting[Kinds](
        KINDS, kinds, "kinds of content that are decoded at all", names_text
    )
    result_accept_content = Setting[Kinds | None](
        None, optional(kinds), "the same for results; none: as accept_content", names_text
    )
    timezone = Setting[Any](None, optional(check_zone), "zone of times without one", optional_text)
    enable_utc = Setting[bool | None](
        None,
        optional(flag),
        "without timezone: such times are UTC, or local; none: they are refused",
        flag_text,
    )
    task_routes = Setting[Any](
        None, optional(as_routers), "queue or options by task name", json_text
    )
    task_annotations = Setting[Any](
        None,
        optional(as_annotations),
        "options by task that win over its own",
        json_text,
    )
    task_queues = Setting[tuple[str, ...]]((), names, "queues that are served, too", names_text)
    task_create_missing_queues = Setting(
        default=True,
        check=flag,
        help="whether a job may go to a queue that task_queues doesn't name",
        from_text=flag_text,
    )
    task_ignore_result = Setting[bool | None](
        None, optional(flag), "keep no results of tasks that don't say", flag_text
    )
    task_default_priority = Setting[Any](
        None, optional(option("priority")), "of jobs whose task says none", whole_text
    )
    task_default_rate_limit = Setting[Any](
        None, optional(option("rate_limit")), "of tasks that say none", optional_text
    )
    task_time_limit = Setting[Any](
        None, optional(option("time_limit")), "seconds, of tasks that say none", seconds_text
    )
    task_soft_time_limit = Setting[Any](
        None, optional(option("soft_time_limit")), "seconds, of tasks that say none", seconds_text
    )

    broker_url = Alias(broker, "broker")
    result_backend = Alias(backend, "backend")
    result_expires = Alias(result_ttl, "result_ttl")
    task_default_queue = Alias(default_queue, "default_queue")
    task_always_eager = Alias(eager, "eager")
    worker_concurrency = Alias(concurrency, "concurrency")

    def findings(self) -> list[tuple[str, str]]:
        """What was said and can't be meant so, each with what to do."""
        kind = self.task_serializer
        if kind is None or kind in self.accept_content:
            return []
        problem = f"calls are written as {kind}, and its own workers don't accept that"
        return [(problem, f"add {kind!r} to accept_content, or write another kind")]

    def remarks(self) -> list[tuple[str, str]]:
        """What was said and has no effect, each with why that does no harm."""
        return []

    @property
    def zone(self) -> tzinfo | None:
        """The zone of times that name none, and of those that are printed; None: nobody said."""
        return zone_of(self.timezone, self.enable_utc)


def misspelt_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that set nothing, but look much like one that would: that one's name by theirs."""
    from difflib import get_close_matches  # noqa: PLC0415 - 3 ms, and only for `streamq check`

    known = [f"STREAMQ_{name.upper()}" for name in Settings.names()]
    known += [*ALSO.values(), "STREAMQ_APP"]
    odd = sorted(name for name in environment if name.startswith("STREAMQ") and name not in known)
    near = {name: get_close_matches(name, known, 1, 0.85) for name in odd}
    return {name: close[0] for name, close in near.items() if close}


def default_options(conf: Settings) -> TaskOptions:
    """What holds where nobody says anything: the settings."""
    limit_set = conf.source("max_attempts") is not Source.DEFAULT
    options = TaskOptions(
        queue=conf.default_queue,
        retry=RetryPolicy(max_attempts=conf.max_attempts, limit_set=limit_set),
        max_crashes=conf.max_crashes,
        result_ttl=conf.result_ttl,
        idempotency_ttl=conf.idempotency_ttl,
    )
    given = {name: conf.value(setting) for setting, name in _OPTIONS.items()}
    said = {name: value for name, value in given.items() if value is not None}
    return options.overridden(task_options(said, "settings")) if said else options

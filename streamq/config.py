"""The settings of an application: each typed, checked when it is set, and able to say its source.

A flag of the command line wins over `STREAMQ_<SETTING>`, that over code, that over a
configuration file, that over the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamq.broker_url import check_broker_url, redact_url
from streamq.celery_names import celery_advice, is_celery_name
from streamq.errors import ConfigurationError
from streamq.option_checks import LATER, nearest, queue_name
from streamq.options import TaskOptions
from streamq.retry import RetryPolicy
from streamq.settings import (
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

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
_MANY = 1_000_000_000
_SOURCES = tuple(Source)
_ALSO = {"broker": "STREAMQ_BROKER_URL", "backend": "STREAMQ_BACKEND_URL"}  # these win


def _url(given: Any, what: str) -> str:
    if not isinstance(given, str):
        raise TypeError(f"{what}: must be a URL as a string, not {given!r}")
    return check_broker_url(given, what)


def _count(help_text: str, most: int = _MANY) -> Setting[int | None]:
    return Setting[int | None](None, optional(whole(1, most)), help_text, whole_text)


class Settings:
    """All settings, as attributes; `app.conf` is one. Raises `ConfigurationError` kindly.

    `environment` is read here and now, and once.
    """

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

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        code: Mapping[str, Any] | None = None,
        file: Mapping[str, Any] | None = None,
    ) -> None:
        put = object.__setattr__  # __setattr__ knows only settings
        put(self, "_levels", {source: {} for source in Source})
        put(self, "_locked", {})
        put(self, "version", 0)
        self.put(Source.FILE, file or {})
        self.put(Source.CODE, code or {})
        self._read(environment or {})

    version: int  # goes up with each change, so that what was derived can be derived again
    _levels: dict[Source, dict[str, Any]]
    _locked: dict[str, str]

    def update(self, given: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Set several; all are checked before the first is set."""
        self.put(Source.CODE, {**(given or {}), **more})

    def set_flags(self, **flags: Any) -> None:
        """Set what the command line says; None says nothing."""
        given = {name: value for name, value in flags.items() if value is not None}
        self.put(Source.FLAG, given)

    def put(self, source: Source, given: Mapping[str, Any]) -> None:
        """Set several from one source; all are checked before the first is set."""
        checked = {}
        for name, value in given.items():
            setting = self.setting(name)
            if name in self._locked and setting.checked(value, name) != self.value(name):
                raise ConfigurationError(f"{name} can't change now: {self._locked[name]}")
            checked[name] = setting.checked(value, name)
        self._levels[source].update(checked)
        object.__setattr__(self, "version", self.version + 1)

    @contextmanager
    def flags(self, **flags: Any) -> Iterator[None]:
        """Set these as `set_flags` would, inside `with`; for one thread at a time."""
        level = self._levels[Source.FLAG]
        before = dict(level)
        self.put(Source.FLAG, flags)
        try:
            yield
        finally:
            level.clear()
            level.update(before)
            self.put(Source.FLAG, {})  # a new version: what was derived is derived again

    def lock(self, why: str, *names: str) -> None:
        """Refuse to change these from now on: something was built on them."""
        self._locked.update(dict.fromkeys(names, why))

    def unlock(self) -> None:
        """Let everything change again: what was built on it is gone."""
        self._locked.clear()

    def value(self, name: str, *, no_stronger_than: Source = Source.FLAG) -> Any:
        """A setting's value by name, or what it would be without the stronger sources."""
        source = self.source(name, no_stronger_than=no_stronger_than)
        return self._levels[source].get(name, self.setting(name).default)

    def source(self, name: str, *, no_stronger_than: Source = Source.FLAG) -> Source:
        """Where a setting's value comes from."""
        self.setting(name)
        sources = _SOURCES[_SOURCES.index(no_stronger_than) :]
        return next((one for one in sources if name in self._levels[one]), Source.DEFAULT)

    def shown(self, name: str) -> str:
        """A setting's value for people, without passwords."""
        value = self.value(name)
        if name == "broker_options":
            return ", ".join(value) or "none"  # names only: values may be secrets
        return redact_url(value) if name in _ALSO and value else str(value)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """All settings, in the order of this file."""
        return tuple(name for name, it in vars(cls).items() if isinstance(it, Setting))

    @classmethod
    def setting(cls, name: str) -> Setting[Any]:
        """A setting by name; `ConfigurationError` with the nearest one where there is none."""
        found = vars(cls).get(name)
        if isinstance(found, Setting):
            return found
        if is_celery_name(name):
            raise ConfigurationError(
                f"setting {name!r} is Celery's, and this version doesn't read those yet."
                f"{celery_advice(name)}"
            )
        if name in LATER:
            raise ConfigurationError(f"this version has no {name!r} yet; {LATER[name]}")
        raise ConfigurationError(f"unknown setting {name!r}{nearest(name, cls.names())}")

    def __setattr__(self, name: str, given: Any) -> None:
        self.setting(name)
        super().__setattr__(name, given)

    def _read(self, environment: Mapping[str, str]) -> None:
        for name in self.names():
            variables = (f"STREAMQ_{name.upper()}", _ALSO.get(name, ""))
            for variable in variables:
                if text := environment.get(variable, ""):
                    value = self.setting(name).read(text, variable)
                    self._levels[Source.ENVIRONMENT][name] = value


def misspelt_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that set nothing, but look much like one that would: that one's name by theirs."""
    from difflib import get_close_matches  # noqa: PLC0415 - 3 ms, and only for `streamq check`

    known = [f"STREAMQ_{name.upper()}" for name in Settings.names()]
    known += [*_ALSO.values(), "STREAMQ_APP"]
    odd = sorted(name for name in environment if name.startswith("STREAMQ") and name not in known)
    near = {name: get_close_matches(name, known, 1, 0.85) for name in odd}
    return {name: close[0] for name, close in near.items() if close}


def default_options(conf: Settings) -> TaskOptions:
    """What holds where nobody says anything: the settings."""
    limit_set = conf.source("max_attempts") is not Source.DEFAULT
    return TaskOptions(
        queue=conf.default_queue,
        retry=RetryPolicy(max_attempts=conf.max_attempts, limit_set=limit_set),
        max_crashes=conf.max_crashes,
        result_ttl=conf.result_ttl,
        idempotency_ttl=conf.idempotency_ttl,
    )

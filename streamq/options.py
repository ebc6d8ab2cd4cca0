"""What a task declares and what a call overrides: call over task over the settings' defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from streamq.backoff import Computed, delays_from_json
from streamq.holding import NO_LANE, PRIORITY, holding_json, limits_from_json
from streamq.option_checks import CALL_ONLY, CHECKS, TASK_ONLY, refuse_unknown
from streamq.retry import RetryPolicy, class_names
from streamq.unique import NO_QUIET, check_debounce

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from streamq.backoff import Delays
    from streamq.key_template import KeyTemplate
    from streamq.limits import Limits
    from streamq.retry import ExceptionClass
    from streamq.unique import Unique

PoolName: TypeAlias = Literal["process"]

_CARRIED = {
    *("max_attempts", "max_age", "max_crashes", "result_ttl", "ignore_result", "headers"),
    *("time_limit", "soft_time_limit"),
}
_BOUND = (CALL_ONLY.keys() | TASK_ONLY.keys()) - {"redact"}  # they don't travel
_READERS = {
    "backoff": delays_from_json,
    "rate_limit": limits_from_json,
    "concurrency": limits_from_json,
}
_OF_RETRY = ("max_attempts", "backoff", "retry_on", "give_up_on", "max_age")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What one call, or a task's declaration, says; None: it says nothing of this."""

    queue: str | None = None
    countdown: float | None = None  # seconds from now until it may run
    eta: datetime | None = None  # aware; when it may run
    expires: float | datetime | None = None  # seconds from now, or aware: not started after it
    idempotency_key: str | None = None
    idempotency_ttl: float | None = None  # seconds for which the key is known
    max_attempts: int | None = None
    backoff: Delays | None = None
    retry_on: tuple[ExceptionClass, ...] | None = None
    give_up_on: tuple[ExceptionClass, ...] | None = None
    max_age: float | None = None  # seconds since it was enqueued
    max_crashes: int | None = None
    time_limit: float | None = None  # seconds of one run; 0: none
    soft_time_limit: float | None = None  # the same
    result_ttl: float | None = None  # seconds
    ignore_result: bool | None = None
    tags: tuple[str, ...] | None = None
    headers: dict[str, Any] | None = None  # of the user's own, for `current_job().headers`
    serializer: str | None = None  # of its arguments
    pool: PoolName | None = None  # of a task only
    redact: tuple[str, ...] | None = None  # marks of arguments that are not shown; the same
    unique: Unique | Literal[False] | None = None
    debounce: float | None = None  # seconds of quiet; 0: not
    max_wait: float | None = None  # seconds, of a debounced job
    rate_limit: Limits | None = None  # empty: none
    concurrency: Limits | None = None  # the same
    lane: KeyTemplate | None = None
    priority: int | None = None  # 0 lowest to 9
    cost: float | None = None  # starts of its rate limits
    ordered: bool | None = None

    @property
    def said(self) -> dict[str, Any]:
        """The options that were given."""
        return {name: value for name in _NAMES if (value := getattr(self, name)) is not None}

    def over(self, under: CallOptions) -> CallOptions:
        """These, and where they say nothing the other ones."""
        given = self.said
        if {"eta", "countdown"} & given.keys():  # one of the two replaces either
            given = {"eta": None, "countdown": None, **given}
        return replace(under, **given)

    def wire(self) -> dict[str, Any]:
        """What the worker must know of a call's overrides; empty for most calls."""
        carried: dict[str, Any] = {}
        for name, value in self.said.items():
            if name == "backoff":
                carried[name] = value.as_json()
            elif name in {"retry_on", "give_up_on"}:
                carried[name] = class_names(value)
            elif name in {"tags", "redact"}:
                carried[name] = list(value)
            elif name in _CARRIED:
                carried[name] = value
        return carried


_NAMES = tuple(one.name for one in fields(CallOptions))


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What holds, nothing left open: for a task, or for one call of it."""

    queue: str = "default"
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_crashes: int = 3
    time_limit: float = 0.0  # seconds; 0: none
    soft_time_limit: float = 0.0  # seconds; 0: none
    result_ttl: float = 86400.0  # seconds
    ignore_result: bool = False
    tags: tuple[str, ...] = ()
    headers: dict[str, Any] = field(default_factory=dict)
    redact: tuple[str, ...] = ()  # see `streamq.redaction`
    serializer: str | None = None  # None: the setting's
    pool: PoolName | None = None  # None: threads, or the event loop
    countdown: float | None = None  # seconds
    eta: datetime | None = None
    expires: float | datetime | None = None  # seconds from the call, or aware
    idempotency_key: str | None = None
    idempotency_ttl: float = 86400.0  # seconds
    unique: Unique | Literal[False] = False
    debounce: float | None = None  # seconds
    max_wait: float | None = None  # seconds
    rate_limit: Limits = ()
    concurrency: Limits = ()
    lane: KeyTemplate | None = None
    priority: int = PRIORITY
    cost: float = 1.0
    ordered: bool = False  # a job that retries keeps the others of its lane waiting

    @property
    def is_timed(self) -> bool:
        """Whether a run may take only so long."""
        return self.time_limit > 0 or self.soft_time_limit > 0

    @property
    def is_held(self) -> bool:
        """Whether something of this holds jobs back, or lets them pass others."""
        limits = self.rate_limit or self.concurrency or self.lane or self.ordered
        return bool(limits) or self.priority != PRIORITY

    def overridden(self, by: CallOptions) -> TaskOptions:
        """These with what was said on top."""
        given = by.said
        retry = {name: given.pop(name) for name in _OF_RETRY if name in given}
        if "max_attempts" in retry:
            retry["limit_set"] = True
        if {"eta", "countdown"} & given.keys():
            given = {"eta": None, "countdown": None, **given}
        if retry:
            given["retry"] = replace(self.retry, **retry)
        return replace(self, **given) if given else self

    def as_json(self) -> dict[str, Any]:
        """What workers publish of a task; functions and classes only by name."""
        return {
            "queue": self.queue,
            **self.retry.as_json(),
            "max_crashes": self.max_crashes,
            "time_limit": self.time_limit,
            "soft_time_limit": self.soft_time_limit,
            "result_ttl": self.result_ttl,
            "ignore_result": self.ignore_result,
            "tags": list(self.tags),
            "redact": list(self.redact),
            "countdown": self.countdown,
            "expires": self.expires if isinstance(self.expires, float) else None,
            "idempotency_ttl": self.idempotency_ttl,
            "unique": self.unique and self.unique.as_json(),
            "debounce": self.debounce,
            "max_wait": self.max_wait,
            **holding_json(self),
        }


def resolve(task: TaskOptions, carried: Mapping[str, Any]) -> TaskOptions:
    """What holds for a job: its task's options under what it brought along (`CallOptions.wire`)."""
    return task.overridden(options_from_json(carried)) if carried else task


def call_options(given: Mapping[str, Any], where: str) -> CallOptions:
    """Checked options of one call; `where` begins the message of what is refused.

    An unknown name is a `TypeError` with the nearest known one, a bad value a `TypeError` or
    `ValueError`, an option of later versions a `ConfigurationError`. None says nothing.
    """
    for name, why in TASK_ONLY.items():
        if given.get(name) is not None:
            raise TypeError(f"{where}: {name}= here; {why}: @app.task({name}=…)")
    checked = _checked(given, where)
    if isinstance(checked.backoff, Computed):
        raise TypeError(
            f"{where}: a function can't travel with a call; give backoff= on the task, "
            "or here as seconds, a list or Backoff(…)"
        )
    return checked


def task_options(given: Mapping[str, Any], where: str) -> CallOptions:
    """Checked options of a task's declaration; refuses as `call_options`."""
    for name, why in CALL_ONLY.items():
        if given.get(name) is not None:
            raise TypeError(f"{where}: {name}= here; {why}: task.options({name}=…).delay(…)")
    checked = _checked(given, where)
    if checked.ordered and checked.lane is None:
        raise TypeError(f"{where}: {NO_LANE}")
    if checked.max_wait is not None and checked.debounce is None:
        raise TypeError(f"{where}: {NO_QUIET}")
    return checked


def options_from_json(published: Mapping[str, Any]) -> CallOptions:
    """Options that were published or came with a job; what isn't understood is left out."""
    understood: dict[str, Any] = {}
    for name, value in published.items():
        if name not in CHECKS or name in _BOUND or value is None:
            continue
        try:
            read = _READERS.get(name)
            understood[name] = CHECKS[name](read(value) if read else value)
        except (TypeError, ValueError, KeyError, AttributeError):
            continue  # another release's words; the rest still holds
    return CallOptions(**understood)


def _checked(given: Mapping[str, Any], where: str) -> CallOptions:
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if name not in CHECKS:
            refuse_unknown(name, where, CHECKS)
        if value is None:
            continue
        try:
            checked[name] = CHECKS[name](value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None
    if "countdown" in checked and "eta" in checked:
        raise TypeError(f"{where}: countdown= and eta= both say when; give one of them")
    check_debounce(checked, where)
    if 0 < checked.get("time_limit", 0) <= checked.get("soft_time_limit", 0):
        raise ValueError(
            f"{where}: soft_time_limit={checked['soft_time_limit']:g} must be less than "
            f"time_limit={checked['time_limit']:g}: the time between is for cleaning up"
        )
    return CallOptions(**checked)

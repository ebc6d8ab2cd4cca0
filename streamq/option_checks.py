"""The options of tasks and calls, one by one: their names, and what each one's value may be."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from streamq.backoff import as_delays
from streamq.content import content_kind
from streamq.durations import seconds
from streamq.holding import HOLDING
from streamq.retry import attempts, exception_classes
from streamq.unique import unique_option

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
KEY_LENGTH = 512  # characters of an idempotency key
TAG_LIMIT, TAG_LENGTH = 32, 128  # tags of a job, characters of one

# Other libraries' words for what exists here.
ELSEWHERE = {
    "max_retries": "max_attempts= counts all runs, so max_retries=3 is max_attempts=4",
    "retries": "max_attempts= counts all runs, so retries=3 is max_attempts=4",
    "default_retry_delay": "backoff= takes seconds",
    "retry_backoff": "backoff= takes seconds, a list, or Backoff(…)",
    "autoretry_for": "retry_on= takes exception classes, and max_attempts= says how often",
    "dont_autoretry_for": "give_up_on= takes exception classes",
    "task_id": "ids are made by streamq; idempotency_key= recognises a call",
    "delay": "countdown= takes seconds",
    "cron": "a schedule stands above the task: @app.cron('*/5 * * * *')",
    "every": "a schedule stands above the task: @app.every(timedelta(minutes=5))",
    "schedule": "@app.cron('*/5 * * * *') or @app.every(timedelta(minutes=5)) above the task",
}
CALL_ONLY = {
    "eta": "a point in time belongs to one call",
    "idempotency_key": "a key belongs to one call",
}


TASK_ONLY = {
    "pool": "where jobs run is said once, where the task is defined",
    "redact": "what is not shown is said once, where the task is defined",
}


class SharedKey(str):
    """An idempotency key that counts for all tasks of its queue, not for one of them.

    So who has nothing but the key finds the job: `app.find(SharedKey("order-7"))`.
    """

    __slots__ = ()


def queue_name(given: object, what: str = "queue") -> str:
    """A queue's or task's name; raises `TypeError` or `ValueError`."""
    if not isinstance(given, str):
        raise TypeError(f"{what}={given!r}: must be a string")
    if not NAME.fullmatch(given):
        raise ValueError(
            f"{what}={given!r}: must be 1 to 128 of the characters A-Z a-z 0-9 _ . : - "
            "(no spaces, no braces)"
        )
    return given


def aware(given: object, what: str) -> datetime:
    """A datetime with a time zone; a naive one means another time on another machine."""
    if not isinstance(given, datetime):
        raise TypeError(f"{what}={given!r}: must be an aware datetime")
    if given.utcoffset() is None:
        raise ValueError(
            f"{what}={given.isoformat()} has no time zone. "
            f"Say which: datetime.now(timezone.utc) + …, or the application's: "
            f'app.conf.timezone = "Europe/Oslo"'
        )
    return given


def _expires(given: object) -> float | datetime:
    if isinstance(given, datetime):
        return aware(given, "expires")
    return _above_zero("expires")(given)


def _above_zero(option: str) -> Callable[[object], float]:
    def check(given: object) -> float:
        wait = seconds(given, option)
        if wait < 0.001:  # noqa: PLR2004 - the queue counts in ms
            hint = "; ignore_result=True keeps no result" if option == "result_ttl" else ""
            raise ValueError(f"{option}={given!r}: must be more than 0 seconds{hint}")
        return wait

    return check


def _time_limit(option: str) -> Callable[[object], float]:
    def check(given: object) -> float:
        limit = seconds(given, option)
        if 0 < limit < 0.001:  # noqa: PLR2004 - as all that counts in ms
            raise ValueError(f"{option}={given!r}: must be 0.001 seconds or more, or 0 for none")
        return limit

    return check


def _max_crashes(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"max_crashes={given!r}: must be a whole number, 0 or more")
    if not 0 <= given <= 1_000_000:  # noqa: PLR2004 - scripts hold it as a number
        raise ValueError(f"max_crashes={given}: must be 0 (never run twice) to 1000000 killed runs")
    return given


def _flag(given: object) -> bool:
    if not isinstance(given, bool):
        raise TypeError(f"ignore_result={given!r}: must be True or False")
    return given


def _pool(given: object) -> str:
    if given != "process":
        raise ValueError(
            f"pool={given!r}: must be 'process', or left out: then plain tasks run on threads, "
            "async ones on the event loop"
        )
    return "process"


def _tags(given: object) -> tuple[str, ...]:
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (tuple, list, set, frozenset)):
        raise TypeError(f"tags={given!r}: must be strings, as in tags=('billing', 'tenant-7')")
    for tag in several:
        if not isinstance(tag, str):
            raise TypeError(f"tags: {tag!r} is not a string")
        if not 1 <= len(tag) <= TAG_LENGTH:
            raise ValueError(f"tags: {tag!r} must have 1 to {TAG_LENGTH} characters")
    if len(several) > TAG_LIMIT:
        raise ValueError(f"tags: {len(several)} of them; at most {TAG_LIMIT} fit a job")
    return tuple(sorted(several)) if isinstance(several, (set, frozenset)) else tuple(several)


def _redact(given: object) -> tuple[str, ...]:
    several = (given,) if isinstance(given, str) else given
    if not isinstance(several, (tuple, list)) or not all(isinstance(one, str) for one in several):
        raise TypeError(f"redact={given!r}: must be names of arguments, as in redact=('password',)")
    return tuple(several)


def _headers(given: object) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise TypeError(f"headers={given!r}: must be a dict with strings as keys")
    return given


def _key(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"idempotency_key={given!r}: must be a string")
    if not 1 <= len(given) <= KEY_LENGTH:
        raise ValueError(f"idempotency_key: must have 1 to {KEY_LENGTH} characters")
    return given


CHECKS: dict[str, Callable[[Any], Any]] = {
    "queue": queue_name,
    "countdown": lambda given: seconds(given, "countdown"),
    "eta": lambda given: aware(given, "eta"),
    "expires": _expires,
    "idempotency_key": _key,
    "idempotency_ttl": _above_zero("idempotency_ttl"),
    "max_attempts": attempts,
    "backoff": as_delays,
    "retry_on": lambda given: exception_classes(given, "retry_on"),
    "give_up_on": lambda given: exception_classes(given, "give_up_on"),
    "max_age": _above_zero("max_age"),
    "max_crashes": _max_crashes,
    "time_limit": _time_limit("time_limit"),
    "soft_time_limit": _time_limit("soft_time_limit"),
    "result_ttl": _above_zero("result_ttl"),
    "ignore_result": _flag,
    "tags": _tags,
    "headers": _headers,
    "serializer": lambda given: content_kind(given, "serializer"),
    "pool": _pool,
    "redact": _redact,
    "unique": unique_option,
    "debounce": lambda given: seconds(given, "debounce"),
    "max_wait": _above_zero("max_wait"),
    **HOLDING,
}


def refuse_unknown(name: str, where: str, known: Collection[str]) -> None:
    """Raise `TypeError` for an option that isn't one."""
    if name in ELSEWHERE:
        raise TypeError(f"{where}: unknown option {name!r}; {ELSEWHERE[name]}")
    raise TypeError(f"{where}: unknown option {name!r}{nearest(name, known)}")


def near(name: str, known: Collection[str], cutoff: float) -> list[str]:
    """The nearest known name, where one is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - 3 ms, and only for a mistake

    return get_close_matches(name, known, 1, cutoff)


def nearest(name: str, known: Collection[str]) -> str:
    """'; did you mean …?' where a known name is near or begins so, else what there is."""
    begun = [one for one in sorted(known) if name and one.startswith(name)]
    close = near(name, known, 0.6) or begun
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"

"""Limits as they are declared: how often jobs may start, how many may run at once.

A rate limit is counted by the generic cell rate algorithm (ITU-T I.371, annex A): one number per
key, the time at which the next start is due.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from streamq.durations import seconds
from streamq.errors import ConfigurationError
from streamq.key_template import KeyTemplate

if TYPE_CHECKING:
    from datetime import timedelta

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TEXT = re.compile(r"\s*(\d+)\s*/\s*(\d*)\s*(s|m|h|d)\s*")
_LOOKS_LIKE_RATE = re.compile(r".*/.*|\s*[\d.+-]+\s*(s|m|h|d|sec|min|hour|day)?s?\s*")
_MOST = 1_000_000  # starts per second, burst, jobs at once, cost of a call
_AT_ONCE = 8  # limits of one kind on one job
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
FORMS = "'10/s', '10/m', '500/h', '1000/d' or RateLimit(10, per=60)"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `limit` starts in `per` seconds, evenly spread; the first `burst` at once.

    `RateLimit(10, per=60)` lets one job start every 6 s; `burst=3` lets three start at once after
    a quiet time, and the next 6 s later, so that a sliding minute sees at most 10 + 2. Starts are
    granted a hundredth further apart than that, 10 ms at most, so that one that a busy machine
    begins late and the next on time are no start too many in between. `key` has one count per
    value, and may name arguments of the call: `key="user:{user_id}"`. Counted in one queue, over
    all its workers. Raises `TypeError` and `ValueError`.
    """

    limit: int  # starts, 1 or more
    per: float | timedelta = 60.0  # seconds
    burst: int = 1  # starts that may come at once, 1 or more
    key: str | None = None  # None: one count for all calls

    def __post_init__(self) -> None:
        count(self.limit, "RateLimit(limit)", _NO_START)
        per = seconds(self.per, "RateLimit(per=…)")
        if per <= 0 or self.limit / per > _MOST:
            raise ValueError(
                f"RateLimit(per={per:g}): more than 0 s, at most {_MOST:,} starts a second"
            )
        object.__setattr__(self, "per", per)
        count(self.burst, "RateLimit(burst=…)", "burst=1 lets one start at a time")
        if self.key is not None:
            KeyTemplate(self.key, "key")

    def as_json(self) -> dict[str, Any]:
        """What is published."""
        return {"limit": self.limit, "per": self.per, "burst": self.burst, "key": self.key}

    @property
    def interval(self) -> float:
        """Seconds between two starts."""
        return seconds(self.per, "per") / self.limit

    @property
    def spacing(self) -> float:
        """Seconds between two starts as they are granted: a hundredth more, 10 ms at most."""
        return self.interval + min(self.interval / 100, 0.01)  # as lua/lib/spacing.lua

    @property
    def numbers(self) -> str:
        """As scripts read it: µs between two starts, and the burst."""
        return f"{_plain(self.interval * 1e6)}={self.burst}"

    def __str__(self) -> str:
        unit = next((unit for unit, length in _UNITS.items() if length == self.per), None)
        text = f"{self.limit}/{unit}" if unit else f"{self.limit}/{self.per:g}s"
        return text + (f" burst {self.burst}" if self.burst > 1 else "")


@dataclass(frozen=True, slots=True)
class Concurrency:
    """At most `limit` jobs running at once, over all workers; with `key`, of each value of it.

    `Concurrency(1, key="account:{account}")` runs one job of an account at a time. The place of a
    job whose worker was killed is free again when its lease has run out.
    """

    limit: int  # jobs, 1 or more
    key: str | None = None  # as in `RateLimit`

    def __post_init__(self) -> None:
        count(self.limit, "Concurrency(limit)", _NO_START)
        if self.key is not None:
            KeyTemplate(self.key, "key")

    def as_json(self) -> dict[str, Any]:
        """What is published."""
        return {"limit": self.limit, "key": self.key}

    @property
    def numbers(self) -> str:
        """As scripts read it."""
        return str(self.limit)

    def __str__(self) -> str:
        return f"{self.limit} at once"


@dataclass(frozen=True, slots=True)
class NamedLimit:
    """A limit that several tasks of a queue share; made by `app.limit`, given to tasks."""

    name: str
    limit: RateLimit | Concurrency
    queue: str

    def as_json(self) -> dict[str, Any]:
        """What is published."""
        return {"name": self.name, "queue": self.queue, **self.limit.as_json()}

    def __str__(self) -> str:
        return f"{self.name} ({self.limit})"


Limit: TypeAlias = RateLimit | Concurrency
Limits: TypeAlias = tuple[Limit | NamedLimit | str, ...]  # a string names one that is shared

_NO_START = (
    "0 would start none: to hold jobs back, pause them (app.pause, or streamq queue pause); "
    "to set no limit, leave it out"
)


def _plain(value: float) -> str:
    """To a thousandth, without an exponent."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def count(given: object, what: str, why: str) -> int:
    """A whole number from 1; raises `TypeError` or `ValueError`."""
    if isinstance(given, bool) or not isinstance(given, int):
        form = "; as in RateLimit(10, per=60), which is '10/m'" if "RateLimit(limit" in what else ""
        raise TypeError(f"{what}: must be a whole number, 1 or more, not {given!r}{form}")
    if not 1 <= given <= _MOST:
        hint = f"; {why}" if given < 1 else ""
        raise ValueError(f"{what}: must be 1 to {_MOST:,}, not {given}{hint}")
    return given


def parse_rate(text: str, what: str = "rate_limit") -> RateLimit:
    """`"10/m"` and its like; a number before the unit is of units: `"10/5m"`."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{what}={text!r}: write {FORMS}")
    if int(found[1]) == 0 or (found[2] and int(found[2]) == 0):
        raise ValueError(f"{what}={text!r}: must be at least 1; {_NO_START}")
    try:
        return RateLimit(int(found[1]), per=int(found[2] or 1) * _UNITS[found[3]])
    except ValueError as error:
        raise ValueError(f"{what}={text!r}: {error}") from None


def rate_limits(given: object) -> Limits:
    """What `rate_limit=` may be: one or several; an empty list means none."""
    return _several(given, "rate_limit", _rate_limit)


def concurrencies(given: object) -> Limits:
    """What `concurrency=` may be: one or several; an empty list means none."""
    return _several(given, "concurrency", _concurrency)


def _several(given: object, what: str, check: Any) -> Limits:
    several = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if len(several) > _AT_ONCE:
        raise ValueError(f"{what}: {len(several)} of them; a job has at most {_AT_ONCE}")
    limits = tuple(check(one) for one in several)
    for at, one in enumerate(limits):
        if one in limits[:at]:
            raise ValueError(f"{what}: {one} is there twice")
    return limits


def _rate_limit(given: object) -> RateLimit | NamedLimit | str:
    if isinstance(given, RateLimit) or _is_named(given, RateLimit, "rate_limit"):
        return given  # type: ignore[return-value] # seen by _is_named
    if isinstance(given, str):
        if _LOOKS_LIKE_RATE.fullmatch(given):
            return parse_rate(given)
        return _name(given, "rate_limit", f"; a rate is written {FORMS}")
    if isinstance(given, Concurrency):
        raise TypeError(f"rate_limit={given!r}: that is concurrency={given!r}")
    hint = "; so many at once is concurrency=" if isinstance(given, int) else ""
    raise TypeError(f"rate_limit={given!r}: write {FORMS}{hint}")


def _concurrency(given: object) -> Concurrency | NamedLimit | str:
    if isinstance(given, Concurrency) or _is_named(given, Concurrency, "concurrency"):
        return given  # type: ignore[return-value] # seen by _is_named
    if isinstance(given, str):
        if _LOOKS_LIKE_RATE.fullmatch(given):
            raise TypeError(
                f"concurrency={given!r}: must be a whole number or Concurrency(5, key=…); "
                "so many in a time is rate_limit="
            )
        return _name(
            given, "concurrency", "; so many at once is concurrency=5, Concurrency(5, key=…)"
        )
    if isinstance(given, RateLimit):
        raise TypeError(f"concurrency={given!r}: that is rate_limit={given!r}")
    return Concurrency(count(given, "concurrency", _NO_START))


def _is_named(given: object, kind: type[Limit], what: str) -> bool:
    if not isinstance(given, NamedLimit):
        return False
    if not isinstance(given.limit, kind):
        other = "concurrency" if kind is RateLimit else "rate_limit"
        raise TypeError(f"{what}={given.name!r}: that limit is {given.limit}; say {other}=")
    return True


def _name(given: str, what: str, hint: str) -> str:
    if not _NAME.fullmatch(given):
        raise ValueError(f"{what}={given!r}: no name of a shared limit either{hint}")
    return given


def named_limit(name: object, given: object, queue: str) -> NamedLimit:
    """What `app.limit(name, given, queue=…)` declares: `"60/m"`, a `RateLimit`, a `Concurrency`."""
    what = f"app.limit({name!r})"
    if not isinstance(name, str) or not _NAME.fullmatch(name) or _LOOKS_LIKE_RATE.fullmatch(name):
        raise ConfigurationError(
            f"{what}: a name has 1 to 128 of the characters A-Z a-z 0-9 _ . : -, and is no number"
        )
    return NamedLimit(name, one_limit(given, what), queue)


def one_limit(given: object, what: str) -> Limit:
    """A limit as `app.limit` and `app.limits.set` take it; `what` is for what is said."""
    if isinstance(given, str):
        return parse_rate(given, what)
    if isinstance(given, int) and not isinstance(given, bool):
        return Concurrency(count(given, what, _NO_START))
    if not isinstance(given, (RateLimit, Concurrency)):
        raise TypeError(f"{what}: write {FORMS}, or Concurrency(5) for so many at once")
    return given

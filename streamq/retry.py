"""Whether a job that failed runs again, and when. Pure: no Redis, no clock, no dice of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from streamq.backoff import Backoff, as_delays, name_of
from streamq.durations import seconds
from streamq.errors import GiveUp, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.backoff import Delays

ExceptionClass: TypeAlias = "type[BaseException] | str"  # a name: "package.module.Class"


class Reason(StrEnum):
    """Why a job goes again or dies; the words stand in the job's state."""

    RETRY = "retry"  # again later, the attempt counted
    SNOOZE = "snooze"  # again later, the attempt not counted
    TIMED_OUT = "timed-out"  # dead: as FAILED, and its last run was over its time limit
    FAILED = "failed"  # dead: attempts used up, or an exception that isn't retried
    GIVEN_UP = "given-up"  # dead: the task, or `give_up_on`, said so
    TOO_OLD = "too-old"  # dead: the next run would be past `max_age`


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a task's jobs are run again. The default is never: nothing is retried unless asked.

    Exceptions are named by class or by "module.Class"; a name matches the class and its
    subclasses without importing anything. `give_up_on` wins over `retry_on`.
    """

    max_attempts: int = 1  # runs that end in an exception, the first included; >= 1
    backoff: Delays = field(default_factory=Backoff)
    retry_on: tuple[ExceptionClass, ...] = (Exception,)
    give_up_on: tuple[ExceptionClass, ...] = ()
    max_age: float | None = None  # seconds since it was enqueued, after which none is started
    limit_set: bool = False  # someone chose max_attempts, so it also bounds a raised `Retry`

    def __post_init__(self) -> None:
        attempts(self.max_attempts)
        object.__setattr__(self, "backoff", as_delays(self.backoff))
        object.__setattr__(self, "retry_on", exception_classes(self.retry_on, "retry_on"))
        object.__setattr__(self, "give_up_on", exception_classes(self.give_up_on, "give_up_on"))
        if self.max_age is not None:
            object.__setattr__(self, "max_age", seconds(self.max_age, "max_age"))

    def as_json(self) -> dict[str, Any]:
        """The policy as it is published; functions and classes only by name."""
        return {
            "max_attempts": self.max_attempts,
            "backoff": self.backoff.as_json(),
            "retry_on": class_names(self.retry_on),
            "give_up_on": class_names(self.give_up_on),
            "max_age": self.max_age,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a job whose run ended in an exception."""

    delay: float | None  # seconds until it may run again; None: it is dead
    reason: Reason
    problem: str = ""  # set when the task's own backoff function misbehaved: worth a warning


def decide(
    policy: RetryPolicy,
    attempt: int,
    exception: BaseException,
    *,
    age_seconds: float,
    random: Callable[[], float],
) -> Decision:
    """What to do after the given attempt (1 = the first run) ended in this exception.

    `age_seconds` is the time since the job was enqueued; `random` gives 0 ≤ x < 1. Never
    raises: a backoff function that does is replaced by `Backoff()` for this once.
    """
    if isinstance(exception, Retry):
        if exception.counted and _asked_enough(policy, attempt):
            return Decision(None, Reason.FAILED)
    elif isinstance(exception, GiveUp) or _is_any(exception, policy.give_up_on):
        return Decision(None, Reason.GIVEN_UP)
    elif attempt >= policy.max_attempts or not _is_any(exception, policy.retry_on):
        return Decision(None, Reason.FAILED)
    delay, problem = _delay(policy, attempt, exception, random)
    if policy.max_age is not None and age_seconds + delay > policy.max_age:
        return Decision(None, Reason.TOO_OLD, problem)
    snoozed = isinstance(exception, Retry) and not exception.counted
    return Decision(delay, Reason.SNOOZE if snoozed else Reason.RETRY, problem)


def attempts(given: object) -> int:
    """A `max_attempts`; raises `TypeError` or `ValueError`."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"max_attempts={given!r}: must be a whole number of runs, 1 or more")
    if given < 1:
        raise ValueError(
            f"max_attempts={given}: must be 1 or more; it counts all runs, so 1 means no retries"
        )
    return given


def exception_classes(given: object, option: str) -> tuple[ExceptionClass, ...]:
    """What a `retry_on` or `give_up_on` option names: one class or name, or several."""
    several = (given,) if isinstance(given, (type, str)) else given
    if not isinstance(several, (tuple, list, set, frozenset)):
        raise TypeError(f"{option}={given!r}: give exception classes, or names 'module.Class'")
    for one in several:
        if isinstance(one, str) and one:
            continue
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise TypeError(f"{option}: {one!r} is no exception class, nor the name of one")
    return tuple(several)


def class_names(classes: Iterable[ExceptionClass]) -> list[str]:
    """Each as "module.Class"."""
    return [one if isinstance(one, str) else name_of(one) for one in classes]


def _asked_enough(policy: RetryPolicy, attempt: int) -> bool:
    """A raised `Retry` is asking for a retry, so only a limit that someone chose ends it."""
    return (policy.limit_set or policy.max_attempts > 1) and attempt >= policy.max_attempts


def _is_any(exception: BaseException, classes: tuple[ExceptionClass, ...]) -> bool:
    for one in classes:
        if isinstance(one, str):
            if any(name_of(each) in {one, f"builtins.{one}"} for each in type(exception).__mro__):
                return True
        elif isinstance(exception, one):
            return True
    return False


def _delay(
    policy: RetryPolicy, attempt: int, exception: BaseException, random: Callable[[], float]
) -> tuple[float, str]:
    if isinstance(exception, Retry) and exception.countdown is not None:
        return exception.countdown, ""
    try:
        return policy.backoff.delay(attempt, exception, random), ""
    except Exception as error:  # noqa: BLE001 - the task's own code must not take the worker down
        return Backoff().delay(attempt, exception, random), f"{type(error).__name__}: {error}"

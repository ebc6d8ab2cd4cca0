"""What `app.queue(…)` declares of a queue: limits for all its jobs, weights of lanes, budgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from streamq.budget import Budget
from streamq.durations import number, seconds
from streamq.errors import ConfigurationError
from streamq.holding import limits_from_json, limits_json
from streamq.key_template import kept
from streamq.limits import concurrencies, rate_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.limits import Limits

FIELD = "@queue"  # of the policy hash: no task can have this name
_MOST_WEIGHT = 1000.0
_MOST_WEIGHTS = 1000  # lanes with a weight in the code of one queue
_LEAST_AGING_S = 1.0
_MOST = 2**53  # what scripts count exactly


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """What was said of one queue; checked."""

    rate_limit: Limits = ()  # of all its jobs together
    concurrency: Limits = ()
    weights: Mapping[str, float] = field(default_factory=dict)  # by lane key, as it is kept; else 1
    priority_aging: float | None = None  # seconds after which a job goes before all younger ones
    max_jobs: int | None = None  # that have not ended; this and the next two hold where declared
    max_bytes: int | None = None  # of their encoded arguments
    on_full: Literal["raise", "block"] = "raise"

    def budget(self, patience: float) -> QueueBudget | None:
        """What its budgets mean for a call that has so many seconds; None: there are none."""
        if self.max_jobs is None and self.max_bytes is None:
            return None
        waits = patience if self.on_full == "block" else 0.0
        return QueueBudget(Budget(self.max_jobs, self.max_bytes), waits)

    def as_json(self) -> dict[str, Any]:
        """What workers publish."""
        return {
            "rate_limit": limits_json(self.rate_limit),
            "concurrency": limits_json(self.concurrency),
            "weights": dict(self.weights),
            "priority_aging": self.priority_aging,
        }


@dataclass(frozen=True, slots=True)
class QueueBudget:
    """How much a queue may hold, and how long a call waits for room."""

    most: Budget
    patience: float  # seconds


def queue_options(given: Mapping[str, Any], where: str) -> QueueOptions:
    """Checked; an unknown name is a `TypeError`, a bad value a `TypeError` or `ValueError`."""
    checked: dict[str, Any] = {}
    for name, value in given.items():
        check = _CHECKS.get(name)
        if check is None:
            from streamq.option_checks import nearest  # noqa: PLC0415 - only for a mistake

            raise TypeError(f"{where}: unknown option {name!r}{nearest(name, _CHECKS)}")
        if value is None:
            continue
        try:
            checked[name] = check(value)
        except (TypeError, ValueError, ConfigurationError) as error:
            raise type(error)(f"{where}: {error}") from None
    if "on_full" in checked and not {"max_jobs", "max_bytes"} & checked.keys():
        raise TypeError(f"{where}: on_full= says what a full queue does; say when: max_jobs=…")
    return QueueOptions(**checked)


def queue_from_json(published: Mapping[str, Any]) -> QueueOptions:
    """What workers published of a queue; what isn't understood is left out."""
    understood: dict[str, Any] = {}
    for name in ("rate_limit", "concurrency"):
        try:
            understood[name] = _CHECKS[name](limits_from_json(published[name]))
        except (TypeError, ValueError, KeyError):
            continue  # another release's words; the rest still holds
    return QueueOptions(**understood)


def _weights(given: object) -> Mapping[str, float]:
    if not isinstance(given, dict):
        raise TypeError(f"weights={given!r}: must be a dict, as in weights={{'tenant-7': 3}}")
    if len(given) > _MOST_WEIGHTS:
        raise ValueError(
            f"weights: {len(given)} lanes; at most {_MOST_WEIGHTS}, and more by app.limits.weigh"
        )
    return MappingProxyType({lane_key(lane): weight(one, lane) for lane, one in given.items()})


def lane_key(given: object) -> str:
    """A lane's key as it is kept: the text that its template gave, not the template."""
    if not isinstance(given, str) or not given or not given.isprintable():
        raise TypeError(f"{given!r} is no lane; give its key, as in 'tenant-7'")
    if "{" in given:
        raise ValueError(f"{given!r}: give the key of one lane, as in 'tenant-7', not the template")
    return kept(given)


def weight(given: object, lane: object) -> float:
    """A lane's share beside others of weight 1."""
    return number(given, f"weights[{lane!r}]", 0.001, _MOST_WEIGHT, f"0.001 to {_MOST_WEIGHT:g}")


def _aging(given: object) -> float:
    wait = seconds(given, "priority_aging")
    if wait < _LEAST_AGING_S:
        raise ValueError(f"priority_aging={given!r}: must be {_LEAST_AGING_S:g} s or more")
    return wait


def _most(name: str) -> Callable[[object], int]:
    """The check of a budget."""

    def check(given: object) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            raise TypeError(f"{name}={given!r}: must be a whole number, 1 or more")
        if not 1 <= given <= _MOST:
            raise ValueError(
                f"{name}={given}: must be 1 or more, at most 2^53; leave it out for any number"
            )
        return given

    return check


def _on_full(given: object) -> str:
    """What happens to a call that a queue has no room for."""
    if given not in ("raise", "block"):
        raise ValueError(f"on_full={given!r}: must be 'raise' or 'block' (wait for room)")
    return str(given)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "rate_limit": rate_limits,
    "concurrency": concurrencies,
    "weights": _weights,
    "priority_aging": _aging,
    "max_jobs": _most("max_jobs"),
    "max_bytes": _most("max_bytes"),
    "on_full": _on_full,
}

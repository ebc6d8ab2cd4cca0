"""The options that hold a job back, checked: its limits, its lane, its place among others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq.durations import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streamq.key_template import KeyTemplate
    from streamq.limits import Limits
    from streamq.options import TaskOptions

PRIORITY = 4  # where nobody says any: 0 is lowest, 9 highest
HIGHEST = 9
NO_LANE = "ordered=True keeps the jobs of a lane in order; say which: lane='account-{account}'"
_MOST_COST = 1_000_000


def _rate_limit(given: object) -> Limits:
    from streamq.limits import rate_limits  # noqa: PLC0415 - 4 ms, and only for who has limits

    return rate_limits(given)


def _concurrency(given: object) -> Limits:
    from streamq.limits import concurrencies  # noqa: PLC0415 - as above

    return concurrencies(given)


def _lane(given: object) -> KeyTemplate:
    from streamq.key_template import KeyTemplate  # noqa: PLC0415 - as above

    return given if isinstance(given, KeyTemplate) else KeyTemplate(given, "lane")


def _priority(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"priority={given!r}: must be a whole number, 0 (lowest) to {HIGHEST}")
    if not 0 <= given <= HIGHEST:
        raise ValueError(f"priority={given}: must be 0 (lowest) to {HIGHEST}; {PRIORITY} is usual")
    return given


def _cost(given: object) -> float:
    rule = f"more than 0, at most {_MOST_COST:,}: how many starts of its rate limits a job takes"
    cost = number(given, "cost", 0.0, _MOST_COST, rule)
    if cost < 0.001:  # noqa: PLR2004 - a thousandth of a start: less is a slip
        raise ValueError(f"cost={given!r}: must be {rule}")
    return cost


def _ordered(given: object) -> bool:
    if not isinstance(given, bool):
        raise TypeError(f"ordered={given!r}: must be True or False")
    return given


HOLDING: dict[str, Callable[[Any], Any]] = {
    "rate_limit": _rate_limit,
    "concurrency": _concurrency,
    "lane": _lane,
    "priority": _priority,
    "cost": _cost,
    "ordered": _ordered,
}


def holding_json(options: TaskOptions) -> dict[str, Any]:
    """These options as they are published."""
    return {
        "rate_limit": limits_json(options.rate_limit),
        "concurrency": limits_json(options.concurrency),
        "lane": options.lane and options.lane.source,
        "priority": options.priority,
        "cost": options.cost,
        "ordered": options.ordered,
    }


def limits_json(limits: Limits) -> list[Any]:
    """Limits as they are published; of one named here and declared elsewhere its name alone."""
    return [one if isinstance(one, str) else one.as_json() for one in limits]


def limits_from_json(published: object) -> object:
    """What `rate_limit=` or `concurrency=` was; for their checks to look at."""
    if not isinstance(published, list) or not published:
        return published
    return [one if isinstance(one, str) else _limit_from_json(one) for one in published]


def _limit_from_json(published: Mapping[str, Any]) -> object:
    """The limit that was published; raises for what is none."""
    from streamq.limits import Concurrency, NamedLimit, RateLimit  # noqa: PLC0415 - as above

    known = {"limit", "per", "burst", "key"} & published.keys()
    fields = {name: published[name] for name in known}
    found = RateLimit(**fields) if "per" in known else Concurrency(**fields)
    return (
        NamedLimit(published["name"], found, published["queue"]) if "name" in published else found
    )

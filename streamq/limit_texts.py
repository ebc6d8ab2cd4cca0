"""Limits, weights and ageing as the scripts read them, by the names under which they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.effective import options_of
from streamq.limits import Concurrency, RateLimit
from streamq.limits_of import QUEUE, own_limits

if TYPE_CHECKING:
    from streamq.limits import Limit
    from streamq.runtime import Runtime

AGING = "aging"
_WEIGHT = "weight "


def declared_limits(runtime: Runtime, queue: str) -> dict[str, Limit]:
    """The limits that the code declares in a queue, by name."""
    found: dict[str, Limit] = {}
    for name, task in runtime.definitions.items():
        options = options_of(runtime, task)
        if options.queue == queue:
            found |= {its: limit for limit, its in own_limits(name, options).items()}
    for (home, name), named in runtime.named_limits.items():
        if home == queue:
            found[name] = named.limit
    if whole := runtime.queue_options.get(queue):
        found |= {its: limit for limit, its in own_limits(QUEUE, whole).items()}
    return found


def settings_of(runtime: Runtime, queue: str) -> dict[str, str]:
    """All that the code says of a queue: what its workers publish."""
    limits = declared_limits(runtime, queue)
    texts = {name: limit_text(limit) for name, limit in limits.items()}
    whole = runtime.queue_options.get(queue)
    if whole is not None:
        texts |= {weight_name(lane): f"{weight:g}" for lane, weight in whole.weights.items()}
        if whole.priority_aging is not None:
            texts[AGING] = str(round(whole.priority_aging * 1000))
    return texts


def speaks_for(runtime: Runtime, queue: str, name: str) -> bool:
    """Whether this code is the one that would say what stands under that name.

    A task's limits, where it knows the task; a queue's own, weights and ageing, where it declares
    the queue: others may serve the same queue with other tasks.
    """
    if name == AGING or name.startswith((_WEIGHT, f"{QUEUE}/")):
        return queue in runtime.queue_options
    task, slash, _ = name.partition("/")
    return bool(slash) and task in runtime.definitions


def weight_name(lane: str) -> str:
    """The name under which the weight of a lane stands; the lane as it is kept."""
    return _WEIGHT + lane


def limit_text(limit: Limit) -> str:
    """A limit: `r <µs between starts> <burst>` or `c <most at once>`."""
    kind = "r" if isinstance(limit, RateLimit) else "c"
    return " ".join([kind, *limit.numbers.split("=")])


def parse_limit(text: str) -> Limit | None:
    """The limit of such a text, its rate in the unit that suits it; None for what is none."""
    try:
        match text.split(" "):
            case ["c", most]:
                return Concurrency(int(most))
            case ["r", interval, burst]:
                return _rate(float(interval) / 1e6, int(burst))
    except (TypeError, ValueError):
        pass
    return None


def _rate(interval: float, burst: int) -> RateLimit:
    for per in (1.0, 60.0, 3600.0, 86400.0):
        starts = per / interval
        if starts >= 1 and abs(starts - round(starts)) < 1e-6 * starts:
            return RateLimit(round(starts), per=per, burst=burst)
    return RateLimit(1, per=interval, burst=burst)

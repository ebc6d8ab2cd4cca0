"""What holds the jobs of a plan back, written as the scripts read it: lane, limits, priority."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from streamq.enqueuing import Plan
from streamq.errors import ConfigurationError
from streamq.holding import NO_LANE, PRIORITY
from streamq.key_template import KeyTemplate, readers
from streamq.limits import RateLimit
from streamq.limits_of import Shared, limits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamq.definition import Definition
    from streamq.limits import Limit
    from streamq.options import CallOptions, TaskOptions
    from streamq.runtime import Runtime

    Reader = Callable[[Sequence[Any], Mapping[str, Any]], Any]


class Parking:
    """What the jobs of one plan are parked under; immutable, made once."""

    __slots__ = ("_fixed", "_lane", "_limits", "_ordered", "_readers", "_rest", "_task")

    def __init__(
        self,
        task: str,
        options: TaskOptions,
        limits: Sequence[tuple[str, Limit]],  # by the names under which they are counted
        readers_of: Callable[[Sequence[str]], Mapping[str, Reader]],  # of arguments, by name
    ) -> None:
        self._task = task
        self._lane = options.lane
        self._ordered = options.ordered
        self._limits = [_parts(name, limit, options.cost) for name, limit in limits]
        self._rest = "" if options.priority == PRIORITY else f",p={options.priority}"
        keys = [key for key in (options.lane, *(part[1] for part in self._limits)) if key]
        names = list(dict.fromkeys(name for key in keys for name in key.names))
        self._readers = readers_of(names) if names else {}
        for name in names:
            if name not in self._readers:  # its own keys were checked where it was defined
                raise TypeError(
                    f"{task} has no argument {name!r}, which a limit of its queue "
                    f"{options.queue!r} names"
                )
        self._fixed = "" if names else self._written({})

    def opts(self, others: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """A call's record options: what there are, and these. Its arguments fit the task.

        `TypeError` or `ValueError` for arguments that make no key.
        """
        own = self._fixed
        if not own:
            try:
                values = {name: read(args, kwargs) for name, read in self._readers.items()}
                own = self._written(values)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{self._task}: {error}") from None
        return own if others == "-" else f"{others},{own}"

    def _written(self, values: Mapping[str, Any]) -> str:
        lane = self._lane.text(values, "lane") if self._lane else ""
        limits = [
            f"{name}!{key.text(values, 'key')}={numbers}" if key else f"{name}={numbers}"
            for name, key, numbers in self._limits
        ]
        if self._ordered:
            limits.append(f"o{lane}")
        return f"q={'|'.join([lane, *sorted(limits)])}{self._rest}"


def plan_here(runtime: Runtime, task: Definition, declared: TaskOptions, said: CallOptions) -> Plan:
    """How jobs of a task whose function is here are enqueued. Raises as `limits_of`."""
    shared = Shared(runtime.named_limits, runtime.queue_options)
    readers_of = partial(readers, task.binder.parameters)
    parking = parking_of(task.name, declared, said, shared, readers_of)
    return Plan(runtime, task.name, declared.overridden(said), said, task, parking=parking)


def parking_of(
    task: str,
    declared: TaskOptions,
    said: CallOptions,
    shared: Shared,
    readers_of: Callable[[Sequence[str]], Mapping[str, Reader]],
) -> Parking | None:
    """What holds jobs of a call back; None where nothing does. Raises as `limits_of`."""
    options = declared.overridden(said)
    limits = limits_of(task, declared, said, shared)
    if options.ordered and options.lane is None:
        raise ConfigurationError(f"{task}: {NO_LANE}")
    if not (limits or options.is_held):
        return None
    return Parking(task, options, limits, readers_of)


def _parts(name: str, limit: Limit, cost: float) -> tuple[str, KeyTemplate | None, str]:
    """Kind and name, key, and the numbers that hold where nothing is published under the name."""
    key = None if limit.key is None else KeyTemplate(limit.key, "key")
    if isinstance(limit, RateLimit):
        return f"r{name}", key, limit.numbers + ("" if cost == 1 else f"={cost:g}")
    return f"c{name}", key, limit.numbers

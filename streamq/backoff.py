"""How long a failed job waits before its next run.

Pure: the attempt, the exception and a source of randomness go in, seconds come out.
Every shape answers for any attempt from 1 up without overflow.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, cast

from streamq.durations import number, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping


class Delays(Protocol):
    """A shape of delays: what a `backoff` option becomes."""

    def delay(self, attempt: int, exception: BaseException, random: Callable[[], float]) -> float:
        """Seconds to wait after the given attempt (1 = the first run) failed."""
        ...

    def as_json(self) -> dict[str, Any]:
        """What is published, and sent with a call that overrides it."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow by a factor up to a cap, spread so that retries don't come in waves.

    `Backoff()` waits 5 s, 20 s, 80 s, 320 s, 1280 s, then an hour, each ± 20 %. `factor=1`
    waits the same each time. The spread lies around the cap, too. Raises `ValueError`.
    """

    kind: ClassVar[str] = "exponential"
    base: float = 5.0  # seconds after the first attempt
    factor: float = 4.0  # each delay is the one before times this; >= 1
    cap: float = 3600.0  # seconds; no delay is longer, but for its jitter
    jitter: float = 0.2  # 0…1: 0.2 spreads a delay evenly over ± 20 %

    def __post_init__(self) -> None:
        for name in ("base", "cap"):
            object.__setattr__(self, name, seconds(getattr(self, name), f"Backoff({name}=…)"))
        number(self.factor, "Backoff(factor=…)", 1.0, math.inf, "1 or more")
        _checked_jitter(self.jitter)

    def delay(self, attempt: int, _exception: BaseException, random: Callable[[], float]) -> float:
        """Seconds after the given attempt; see the class."""
        return _spread(_grown(self.base, self.factor, self.cap, attempt), self.jitter, random)

    def as_json(self) -> dict[str, Any]:
        """The fields and the kind."""
        return {"kind": self.kind, **asdict(self)}

    @staticmethod
    def fixed(every: float | timedelta, *, jitter: float = 0.0) -> Backoff:
        """Wait the same time after each attempt."""
        wait = seconds(every, "Backoff.fixed(…)")
        return Backoff(base=wait, factor=1.0, cap=wait, jitter=jitter)

    @staticmethod
    def linear(
        step: float | timedelta, *, cap: float | timedelta = 3600.0, jitter: float = 0.2
    ) -> Linear:
        """Wait one step after the first attempt, two after the second, and so on."""
        return Linear(
            seconds(step, "Backoff.linear(step)"), seconds(cap, "Backoff.linear(cap=…)"), jitter
        )

    @staticmethod
    def exponential(
        base: float = 5.0, factor: float = 4.0, cap: float = 3600.0, jitter: float = 0.2
    ) -> Backoff:
        """The same as `Backoff(…)`."""
        return Backoff(base, factor, cap, jitter)

    @staticmethod
    def full_jitter(base: float = 5.0, factor: float = 4.0, cap: float = 3600.0) -> FullJitter:
        """Wait any time between none and what `Backoff(…)` without jitter would wait.

        Spreads a crowd of retries best. AWS Architecture Blog, "Exponential Backoff And Jitter".
        """
        return FullJitter(base, factor, cap)


@dataclass(frozen=True, slots=True)
class Linear:
    """Delays of one step, two steps, three…; made by `Backoff.linear`."""

    kind: ClassVar[str] = "linear"
    step: float  # seconds
    cap: float = 3600.0  # seconds
    jitter: float = 0.2  # 0…1

    def __post_init__(self) -> None:
        seconds(self.step, "Backoff.linear(step)")
        seconds(self.cap, "Backoff.linear(cap=…)")
        _checked_jitter(self.jitter)

    def delay(self, attempt: int, _exception: BaseException, random: Callable[[], float]) -> float:
        """Seconds after the given attempt."""
        return _spread(min(self.cap, self.step * max(1, attempt)), self.jitter, random)

    def as_json(self) -> dict[str, Any]:
        """The fields and the kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class FullJitter:
    """Any delay up to an exponential one; made by `Backoff.full_jitter`."""

    kind: ClassVar[str] = "full-jitter"
    base: float = 5.0  # seconds
    factor: float = 4.0  # >= 1
    cap: float = 3600.0  # seconds

    def __post_init__(self) -> None:
        Backoff(self.base, self.factor, self.cap, 0.0)  # the same rules

    def delay(self, attempt: int, _exception: BaseException, random: Callable[[], float]) -> float:
        """Seconds after the given attempt."""
        return _grown(self.base, self.factor, self.cap, attempt) * random()

    def as_json(self) -> dict[str, Any]:
        """The fields and the kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Listed:
    """Delays as listed; the last one repeats."""

    kind: ClassVar[str] = "list"
    delays: tuple[float, ...]  # seconds, at least one

    def __post_init__(self) -> None:
        if not self.delays:
            raise ValueError("backoff=[]: give at least one delay; to retry at once, backoff=0")
        each = tuple(seconds(one, f"backoff[{at}]") for at, one in enumerate(self.delays))
        object.__setattr__(self, "delays", each)

    def delay(self, attempt: int, _exception: BaseException, _random: Callable[[], float]) -> float:
        """Seconds after the given attempt."""
        return self.delays[min(max(1, attempt), len(self.delays)) - 1]

    def as_json(self) -> dict[str, Any]:
        """The delays and the kind."""
        return {"kind": self.kind, "delays": list(self.delays)}


@dataclass(frozen=True, slots=True)
class Computed:
    """Delays from a function of the task's author; its answer is checked on each use."""

    kind: ClassVar[str] = "callable"
    function: Callable[..., Any]
    takes_exception: bool  # called with (attempt, exception), else with (attempt)

    def delay(self, attempt: int, exception: BaseException, _random: Callable[[], float]) -> float:
        """Seconds after the given attempt; whatever the function raises passes through."""
        given = (attempt, exception) if self.takes_exception else (attempt,)
        return seconds(self.function(*given), f"what {name_of(self.function)} returned")

    def as_json(self) -> dict[str, Any]:
        """Only its name: code isn't sent."""
        return {"kind": self.kind, "name": name_of(self.function)}


Shape: TypeAlias = Backoff | Linear | FullJitter | Listed | Computed
Wait: TypeAlias = float | timedelta
BackoffOption: TypeAlias = (
    Wait | Sequence[Wait] | Shape | Callable[[int], Wait] | Callable[[int, BaseException], Wait]
)


def as_delays(given: object) -> Delays:
    """What a `backoff` option means; `TypeError` or `ValueError` say what may be written."""
    if isinstance(given, (Backoff, Linear, FullJitter, Listed, Computed)):
        return given
    if isinstance(given, (int, float, timedelta)) and not isinstance(given, bool):
        return Backoff.fixed(seconds(given, f"backoff={given!r}"))
    if isinstance(given, (list, tuple)):
        return Listed(tuple(given))
    if callable(given):
        return Computed(given, takes_exception=_takes_two(given))
    raise TypeError(
        f"backoff={given!r}: give seconds, a timedelta, a list of them, Backoff(…), "
        "or a function (attempt) or (attempt, exception) that returns seconds"
    )


def delays_from_json(published: Mapping[str, Any]) -> Delays | None:
    """The delays that `as_json` described; None for a function, which stays where it is."""
    fields = {name: value for name, value in published.items() if name != "kind"}
    shapes = cast("tuple[type[Any], ...]", (Backoff, Linear, FullJitter))
    for shape in shapes:
        if published.get("kind") == shape.kind:
            return cast("Delays", shape(**fields))
    if published.get("kind") == Listed.kind:
        return Listed(tuple(fields["delays"]))
    return None


def name_of(thing: Any) -> str:
    """`module.qualname` of a class or function, or of an object's class."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"


def _grown(base: float, factor: float, cap: float, attempt: int) -> float:
    """The capped power, without ever computing one too large for a float."""
    times = max(0, attempt - 1)
    if base <= 0.0 or base >= cap:
        return min(base, cap)
    if factor > 1.0 and times * math.log(factor) >= math.log(cap / base):
        return cap
    return min(cap, base * factor**times)


def _spread(wait: float, jitter: float, random: Callable[[], float]) -> float:
    return wait * (1.0 + jitter * (2.0 * random() - 1.0)) if jitter else wait


def _checked_jitter(jitter: object) -> None:
    number(jitter, "jitter", 0.0, 1.0, "0 to 1: 0.2 means ± 20 %")


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether it takes (attempt, exception) rather than (attempt)."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some builtins have none; those take the attempt
        return False
    try:
        signature.bind(1, ValueError())
    except TypeError:
        return False
    return True

"""The line of parked jobs: what is set for it, and what can be seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from streamq.operations.bind import bind, text, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value


@dataclass(frozen=True, slots=True)
class Limiter:
    """What one key of a limit has given, and what waits for it."""

    id: str  # kind, name, and behind "!" the key
    running: int  # jobs that have a place of it
    arrival_ms: float  # of a rate: until its next start is due with no burst; <= 0: it is
    held_ms: float  # until it gives something again, as a task said; <= 0: it isn't held
    classes: int  # that wait for it
    jobs: int  # of the first 20 of them
    look_ms: float | None  # until it is looked at; None: nobody waits, or until a place gets free


@dataclass(frozen=True, slots=True)
class LimiterPage:
    """A page of a limit's keys."""

    cursor: str  # of the next page; empty: this was the last
    limiters: list[Limiter]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a parked job stands."""

    parked: bool
    paused: bool  # the queue is
    gate: str  # what its class waits for: "*" its turn, a limiter, T and a task, L and a lane
    place: int  # among the jobs of its class, from 1
    look_ms: float | None  # until that is looked at; None: something else has to happen
    limiters: tuple[str, ...]  # the ids of all that it takes


@dataclass(frozen=True, slots=True)
class Throttled:
    """A job whose task says that somebody else's limit is used up."""

    id: str
    token: str
    retry_after_ms: int  # for so long the limiter it means gives nothing
    limiter: str = ""  # the name of that limit; empty: its rates with a key, else its rates, …


def throttle(
    keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[Throttled]
) -> Call[list[str]]:
    """Parks 1 to 200 running jobs again, at their place; those without a limit are scheduled."""
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, j.retry_after_ms, j.limiter)
    return bind("throttle", keys, words, items=items, worker=worker, seq=seq)


def pause(keys: QueueKeys, *, what: str, name: str = "") -> Call[bool]:
    """Starts no more jobs of the "queue", a "task" or a "lane"; whether that is new."""
    return bind("pause", keys, bool, what=what, which=name)


def resume(keys: QueueKeys, *, what: str, name: str = "") -> Call[bool]:
    """Undoes `pause`; whether there was one."""
    return bind("resume", keys, bool, what=what, which=name)


def set_limits(keys: QueueKeys, *, values: Mapping[str, str | None]) -> Call[list[str]]:
    """Sets 1 to 200 limits, weights, ageing by name; None removes. The names that changed."""
    items: list[Value] = [part for name, value in values.items() for part in (name, value or "")]
    return bind("set_limits", keys, words, items=items)


def poke(keys: QueueKeys, *, limiter: str, cursor: str = "", limit: int = 100) -> Call[str]:
    """Lets claims look at a limit (kind and name) that was changed; the next step's cursor."""
    return bind("poke", keys, text, limiter=limiter, cursor=cursor, limit=limit)


def limiters(
    keys: QueueKeys, *, limiter: str, cursor: str = "", limit: int = 100
) -> Call[LimiterPage]:
    """What the keys of a limit (kind and name) have given; 1 to 100 a page."""
    return bind("limiters", keys, _read_limiters, limiter=limiter, cursor=cursor, limit=limit)


def _read_limiters(reply: list[Any]) -> LimiterPage:
    now = float(reply[1])
    found = []
    for at in range(2, len(reply), 7):
        name, running, arrival, held, classes, jobs, look = reply[at : at + 7]
        found.append(
            Limiter(
                text(name),
                running,
                _until(arrival, now) or 0.0,
                _until(held, now) or 0.0,
                classes,
                jobs,
                _until(look, now),
            )
        )
    return LimiterPage(text(reply[0]), found)


def standing(keys: QueueKeys, *, ids: Sequence[str]) -> Call[list[Standing]]:
    """Where 1 to 200 jobs stand in the line."""

    def read(reply: list[Any]) -> list[Standing]:
        now, paused = float(reply[0]), bool(reply[1])
        return [_standing(reply[at : at + 4], now, paused) for at in range(2, len(reply), 4)]

    return bind("standing", keys, read, items=ids)


def _standing(part: list[Any], now: float, paused: bool) -> Standing:  # noqa: FBT001 - see above
    class_name = text(part[0])
    limits = [one.partition("=")[0] for one in class_name.split("|")[2:]]
    return Standing(
        bool(class_name),
        paused,
        text(part[1]),
        int(part[2] or 0),
        _until(part[3], now),
        tuple(limits),
    )


def _until(at_us: bytes, now: float) -> float | None:
    """Milliseconds until then; None for never, or not known."""
    at = float(at_us or "inf")
    return (at - now) / 1000 if isfinite(at) else None

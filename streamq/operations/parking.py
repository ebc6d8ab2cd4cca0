"""The line of parked jobs: pauses, limits at run time, and where a job stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from streamq.operations.bind import bind, text, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from streamq.keys import QueueKeys
    from streamq.operations.call import Call, Value


@dataclass(frozen=True, slots=True)
class Limiter:
    """A limiter that is in use."""

    id: str  # kind (r rate, c concurrency, o ordered lane), definition and, behind "!", its key
    used: int  # slots taken: jobs that run under it
    setting: str  # published or set: "r <interval us> <burst>", "c <most>"; empty: as jobs say
    booked_in_us: int  # a rate's theoretical arrival time from now; 0: it is free
    held_in_us: int  # held after a RateLimited; 0: not
    look_in_us: int | None  # until jobs may go on; None: nothing waits, or a slot must come free
    classes: int  # groups of like jobs that wait for it
    jobs: int  # in the first 20 of these
    first_class: str  # one of these: "<task>|<lane>|<limiter>=<numbers>…"


@dataclass(frozen=True, slots=True)
class LimiterPage:
    """A page of limiters; one may come twice in a walk."""

    cursor: str  # of the next page; empty: this was the last
    limiters: list[Limiter]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """A page of what was published ("name") and set at run time ("=name"), and of pauses."""

    cursor: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a job stands in the line."""

    gate: str  # "*" its turn has not come, a limiter, "T<task>" or "L<lane>" paused; "": not in it
    place: int  # among the jobs of its class, from 1; 0: not in the line
    look_in_us: int | None  # until its gate is looked at; None: when something happens
    class_name: str  # "<task>|<lane>|<limiter>=<numbers>…"


class Throttled(NamedTuple):
    """A running job that was told to come later."""

    id: str
    token: str
    retry_after_ms: int
    limit: str = ""  # the definition to hold; empty: its keyed rates, else its rates, else others


def _setting(what: str, name: str) -> str:
    return "pause" if what == "queue" else f"pause {what} {name}"


def pause(keys: QueueKeys, *, what: str = "queue", name: str = "", by: str = "") -> Call[bool]:
    """Pauses a "queue", "task" or "lane" (with its name); False: it was paused before.

    `by`: who does it, kept for those who look.
    """
    return bind("pause", keys, bool, what=_setting(what, name), by=by)


def resume(keys: QueueKeys, *, what: str = "queue", name: str = "") -> Call[bool]:
    """Ends a pause; False: there was none."""
    return bind("resume", keys, bool, what=_setting(what, name))


def set_limits(keys: QueueKeys, *, values: Mapping[str, str], published: bool = False) -> Call[int]:
    """Sets 1 to 200 limits: "r <interval us> <burst>" or "c <most>" by definition.

    Also "weight <lane>" and "aging" (ms). Published values are the code's; others beat them until
    `reset_limits`. Reads how many changed; for a definition that did, `poke` follows.
    """
    mark = "" if published else "="
    items: list[Value] = [part for name, value in values.items() for part in (mark + name, value)]
    return bind("set_limits", keys, int, items=items)


def reset_limits(keys: QueueKeys, *, names: Iterable[str], published: bool = False) -> Call[int]:
    """Takes back what was set at run time (or published); how many there were. As `set_limits`."""
    return set_limits(keys, values=dict.fromkeys(names, ""), published=published)


def get_limits(keys: QueueKeys, *, cursor: str = "", limit: int = 100) -> Call[SettingsPage]:
    """A page, of 1 to 200 about, of what holds in a queue."""

    def read(reply: list[Any]) -> SettingsPage:
        found = [text(one) for one in reply]
        return SettingsPage(found[0], dict(zip(found[1::2], found[2::2], strict=True)))

    return bind("get_limits", keys, read, cursor=cursor, limit=limit)


def poke(keys: QueueKeys, *, definition: str, cursor: str = "", limit: int = 100) -> Call[str]:
    """Has 1 to 200 gates of a definition looked at, after it changed; the next cursor, or ""."""
    return bind("poke", keys, text, definition=definition, cursor=cursor, limit=limit)


def limiters(keys: QueueKeys, *, cursor: str = "", limit: int = 50) -> Call[LimiterPage]:
    """A page, of 1 to 200, of the limiters in use."""

    def read(reply: list[Any]) -> LimiterPage:
        now = float(reply[1])
        rows = [reply[i : i + 9] for i in range(2, len(reply), 9)]
        return LimiterPage(text(reply[0]), [_limiter(row, now) for row in rows])

    return bind("limiters", keys, read, cursor=cursor, limit=limit)


def _limiter(row: list[Any], now: float) -> Limiter:
    booked, hold, look = (float(value) if value else 0.0 for value in row[3:6])
    waits = bool(row[5]) and look != float("inf")
    return Limiter(
        text(row[0]),
        row[1],
        text(row[2]),
        round(max(0.0, booked - now)),
        round(max(0.0, hold - now)),
        round(max(0.0, look - now)) if waits else None,
        row[6],
        row[7],
        text(row[8]),
    )


def standing(keys: QueueKeys, *, ids: Sequence[str]) -> Call[list[Standing]]:
    """Where 1 to 200 jobs stand in the line, and what they wait for."""

    def read(reply: list[Any]) -> list[Standing]:
        rows = [[text(one) for one in reply[i : i + 4]] for i in range(0, len(reply), 4)]
        return [
            Standing(gate, int(place), int(look) if look else None, name)
            for gate, place, look, name in rows
        ]

    return bind("standing", keys, read, items=ids)


def throttle(
    keys: QueueKeys, *, worker: str, seq: int, jobs: Sequence[Throttled]
) -> Call[list[str]]:
    """Hands 1 to 200 jobs back until later and holds their limiter; settles as `retry` does."""
    items: list[Value] = []
    for j in jobs:
        items += (j.id, j.token, j.retry_after_ms, j.limit)
    return bind("throttle", keys, words, items=items, worker=worker, seq=seq)

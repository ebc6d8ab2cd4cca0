"""When a schedule ticks: by a cron expression in a time zone, or at an interval. All times in ms.

The cron arithmetic, both nights of daylight saving included, is cronsim's.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

SHORTEST_MS = 10  # an interval
LONGEST_MS = 10 * 366 * 86_400_000
_SPELLED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_FIRST_WINDOW_MS = 60_000  # that is searched for the last tick before a time; then four times more


class Cron:
    """Ticks as a cron expression says, in a time zone; raises `ValueError` for what is none.

    Five fields, or six with seconds first; names, lists, ranges, steps, `L`, `LW` and `#`; or
    `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    """

    __slots__ = ("expression", "tz")

    def __init__(self, expression: str, tz: str = "UTC") -> None:
        if not isinstance(expression, str):
            raise TypeError(
                f"cron expression {expression!r}: must be a string, as '*/5 8-18 * * mon-fri'"
            )
        self.expression = " ".join(expression.split())
        self.tz = tz
        zone(tz)
        _check(self.expression)

    def ticks(self, after_ms: int, anchor_ms: int = 0) -> Iterator[int]:  # noqa: ARG002 - as Every
        """Every tick later than that time, in order; may end."""
        from cronsim import CronSim  # noqa: PLC0415 - only who has cron schedules loads it

        start = datetime.fromtimestamp(after_ms // 1000, zone(self.tz))
        for moment in CronSim(_spelled_out(self.expression), start):
            tick = round(moment.timestamp() * 1000)
            if tick > after_ms:  # in the hour that comes twice the first may be an hour ago
                after_ms = tick
                yield tick

    @property
    def text(self) -> str:
        """As people read it."""
        return f"cron {self.expression} ({self.tz})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cron) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Cron({self.expression!r}, tz={self.tz!r})"


class Every:
    """Ticks at an interval: seconds or a timedelta, 10 ms to ten years, from its anchor on."""

    __slots__ = ("ms",)

    def __init__(self, interval: float | timedelta) -> None:
        if isinstance(interval, timedelta):
            seconds = interval.total_seconds()
        elif isinstance(interval, bool) or not isinstance(interval, (int, float)):
            raise TypeError(
                f"interval {interval!r}: must be seconds or a timedelta, as timedelta(minutes=5)"
            )
        else:
            seconds = float(interval)
        if not SHORTEST_MS / 1000 <= seconds <= LONGEST_MS / 1000:
            raise ValueError(
                f"interval of {seconds:g} seconds: must be 0.01 seconds to ten years, "
                "as timedelta(minutes=5)"
            )
        self.ms = round(seconds * 1000)

    def ticks(self, after_ms: int, anchor_ms: int = 0) -> Iterator[int]:
        """Every tick later than that time, in order: whole intervals from the anchor."""
        tick = anchor_ms + ((after_ms - anchor_ms) // self.ms + 1) * self.ms
        while True:
            yield tick
            tick += self.ms

    @property
    def text(self) -> str:
        """As people read it."""
        return f"every {timedelta(milliseconds=self.ms)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Every) and self.ms == other.ms

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Every({self.ms / 1000:g})"


Timing: TypeAlias = Cron | Every


def last_ticks(timing: Timing, first_ms: int, until_ms: int, anchor_ms: int, n: int) -> list[int]:
    """The last `n` ticks from `first_ms` to `until_ms`, both included, in order.

    Looks only as far back as it must: a year of missed minutes isn't counted.
    """
    if isinstance(timing, Every):
        start = max(first_ms - 1, until_ms - n * timing.ms)
        ticks = timing.ticks(start, anchor_ms)
        return list(deque(takewhile(lambda tick: tick <= until_ms, ticks), n))
    window = _FIRST_WINDOW_MS
    while True:
        start = max(first_ms - 1, until_ms - window)
        found = deque(takewhile(lambda tick: tick <= until_ms, timing.ticks(start)), n)
        if len(found) == n or start == first_ms - 1:
            return list(found)
        window *= 4


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The time zone of that name; `ValueError` where there is none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, available_timezones  # noqa: PLC0415 - as cronsim

    try:
        return ZoneInfo(name)
    except Exception:  # noqa: BLE001 - it raises many kinds: a folder, a strange character
        known = available_timezones()
    if not known:
        raise ValueError(
            f"tz={name!r}: this system has no time zones; pip install tzdata"
        ) from None
    from streamq.option_checks import nearest  # noqa: PLC0415 - only for a mistake

    hint = nearest(str(name), known).partition("; there are")[0]
    raise ValueError(
        f"tz={name!r}: there is no such time zone{hint or ', as Europe/Oslo is one'}"
    ) from None


def _spelled_out(expression: str) -> str:
    return _SPELLED.get(expression.lower(), expression)


@lru_cache(maxsize=256)
def _check(expression: str) -> None:
    """Refuse what is no expression, or one that never comes."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - as above

    try:
        first = next(CronSim(_spelled_out(expression), datetime(2024, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise ValueError(
            f"cron expression {expression!r}: {str(error).lower()}.\n"
            "It has five fields, minute hour day month weekday: '*/5 8-18 * * mon-fri' is every\n"
            "five minutes from 8:00 to 18:55 on working days; a sixth in front counts seconds"
        ) from None
    if first is None:
        raise ValueError(f"cron expression {expression!r}: no date is ever like that")

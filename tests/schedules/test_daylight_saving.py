"""Both nights of daylight saving in three zones: what ticks, hour by hour, beside a table.

A job at a fixed time runs once in each night: one in the hour that is left out runs when that hour
is over, one in the hour that comes twice runs the first time. What repeats within hours (a `*` or
`*/n` for minutes or hours) follows the clock as it really goes.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from streamq.schedules import Cron

# zone, evening before, expression, ticks in UTC (month-day hour:minute) that follow
OSLO_SPRING, OSLO_AUTUMN = "2026-03-28 20:00", "2026-10-24 20:00"  # 2:00 -> 3:00, 3:00 -> 2:00
YORK_SPRING, YORK_AUTUMN = "2026-03-07 20:00", "2026-10-31 20:00"  # 2:00 -> 3:00, 2:00 -> 1:00
HOWE_SPRING, HOWE_AUTUMN = "2026-10-03 20:00", "2026-04-04 20:00"  # half an hour at 2:00
TABLE = [
    ("Europe/Oslo", OSLO_SPRING, "30 1 * * *", ["03-29 00:30", "03-29 23:30"]),
    ("Europe/Oslo", OSLO_SPRING, "30 2 * * *", ["03-29 01:00", "03-30 00:30"]),
    ("Europe/Oslo", OSLO_SPRING, "30 3 * * *", ["03-29 01:30", "03-30 01:30"]),
    ("Europe/Oslo", OSLO_SPRING, "0 2,3 * * *", ["03-29 01:00", "03-30 00:00", "03-30 01:00"]),
    (
        "Europe/Oslo",
        OSLO_SPRING,
        "0 * * * *",
        [*(f"03-28 {h}:00" for h in (19, 20, 21, 22, 23)), "03-29 00:00", "03-29 01:00"],
    ),
    ("Europe/Oslo", OSLO_AUTUMN, "30 1 * * *", ["10-24 23:30", "10-26 00:30"]),
    ("Europe/Oslo", OSLO_AUTUMN, "30 2 * * *", ["10-25 00:30", "10-26 01:30"]),
    ("Europe/Oslo", OSLO_AUTUMN, "30 3 * * *", ["10-25 02:30", "10-26 02:30"]),
    ("Europe/Oslo", OSLO_AUTUMN, "15,45 2 * * *", ["10-25 00:15", "10-25 00:45", "10-26 01:15"]),
    (
        "Europe/Oslo",
        "2026-10-25 01:30",
        "*/30 * * * *",
        ["10-24 23:30", "10-25 00:00", "10-25 00:30", "10-25 01:00", "10-25 01:30"],
    ),
    ("America/New_York", YORK_SPRING, "30 1 * * *", ["03-08 06:30", "03-09 05:30"]),
    ("America/New_York", YORK_SPRING, "30 2 * * *", ["03-08 07:00", "03-09 06:30"]),
    ("America/New_York", YORK_SPRING, "30 3 * * *", ["03-08 07:30", "03-09 07:30"]),
    ("America/New_York", YORK_AUTUMN, "30 1 * * *", ["11-01 05:30", "11-02 06:30"]),
    ("America/New_York", YORK_AUTUMN, "30 2 * * *", ["11-01 07:30", "11-02 07:30"]),
    (
        "America/New_York",
        "2026-11-01 00:30",
        "0 * * * *",
        ["11-01 05:00", "11-01 06:00", "11-01 07:00"],
    ),
    ("Australia/Lord_Howe", HOWE_SPRING, "45 1 * * *", ["10-03 15:15", "10-04 14:45"]),
    ("Australia/Lord_Howe", HOWE_SPRING, "15 2 * * *", ["10-03 15:30", "10-04 15:15"]),
    ("Australia/Lord_Howe", HOWE_SPRING, "45 2 * * *", ["10-03 15:45", "10-04 15:45"]),
    ("Australia/Lord_Howe", HOWE_AUTUMN, "45 1 * * *", ["04-04 14:45", "04-05 15:15"]),
    ("Australia/Lord_Howe", HOWE_AUTUMN, "15 2 * * *", ["04-04 15:45", "04-05 15:45"]),
    (
        "Australia/Lord_Howe",
        "2026-04-05 01:20",
        "*/30 * * * *",
        ["04-04 14:30", "04-04 15:00", "04-04 15:30"],
    ),
]


@pytest.mark.parametrize(("tz", "evening", "expression", "expected"), TABLE)
def test_the_night(tz: str, evening: str, expression: str, expected: list[str]) -> None:
    start = datetime.fromisoformat(evening).replace(tzinfo=ZoneInfo(tz))
    ticks = Cron(expression, tz).ticks(round(start.timestamp() * 1000) - 1)
    seen = [
        datetime.fromtimestamp(tick / 1000, ZoneInfo("UTC")).strftime("%m-%d %H:%M")
        for tick in islice(ticks, len(expected))
    ]
    assert seen == expected


@pytest.mark.parametrize("tz", ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "expression", ["*/7 * * * *", "30 2 * * *", "0,30 1,2,3 * * *", "0 */2 * * *"]
)
def test_a_cursor_anywhere_in_the_year_gives_the_same_ticks(tz: str, expression: str) -> None:
    """Asked again from each tick, as workers do: in order, none twice, none left out."""
    cron = Cron(expression, tz)
    for begin in (OSLO_SPRING, OSLO_AUTUMN, YORK_SPRING, YORK_AUTUMN, HOWE_SPRING, HOWE_AUTUMN):
        start = datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(tz))
        cursor = round(start.timestamp() * 1000)
        for tick in islice(cron.ticks(cursor), 60):
            assert tick > cursor
            assert next(cron.ticks(cursor)) == tick
            assert next(cron.ticks(tick - 1)) == tick
            cursor = tick

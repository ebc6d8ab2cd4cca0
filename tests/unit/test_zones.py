"""Times without a zone: refused, or read in the one that the settings name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streamq import ConfigurationError, StreamQ
from streamq.config import Settings
from streamq.schedules.facade import default_zone

NAIVE = datetime.fromisoformat("2040-07-01T12:00:00")


def zone(**settings: Any) -> Any:
    return Settings(code=settings).zone


def test_nobody_says_a_zone_and_there_is_none() -> None:
    assert zone() is None


def test_timezone_wins_over_enable_utc() -> None:
    assert zone(timezone="Europe/Oslo", enable_utc=True) == ZoneInfo("Europe/Oslo")
    assert zone(timezone="Europe/Oslo", enable_utc=False) == ZoneInfo("Europe/Oslo")
    assert zone(timezone=ZoneInfo("Asia/Tokyo")) == ZoneInfo("Asia/Tokyo")
    assert zone(timezone="utc") is UTC


def test_enable_utc_alone_is_utc_or_this_machines_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert zone(enable_utc=True) is UTC
    monkeypatch.setenv("TZ", "America/Lima")
    assert zone(enable_utc=False) == ZoneInfo("America/Lima")
    monkeypatch.delenv("TZ")
    assert NAIVE.replace(tzinfo=zone(enable_utc=False)).utcoffset() is not None


@pytest.mark.parametrize("given", ["Oslo", "Europe/", "../etc/passwd", "", 5])
def test_a_zone_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(ConfigurationError, match="timezone"):
        zone(timezone=given)


def app(**settings: Any) -> StreamQ:
    return StreamQ("shop", broker="redis://localhost", **settings)


def due(application: StreamQ, **options: Any) -> Any:
    """What the script would be told, in ms."""

    @application.task(name="shop.add")
    def add() -> None: ...

    plan = add.options(**options).plan()
    return plan.due if "eta" in options else plan.expires


@pytest.mark.parametrize("option", ["eta", "expires"])
def test_a_naive_time_is_meant_in_the_applications_zone(option: str) -> None:
    options: dict[str, Any] = {option: NAIVE}
    said: list[tuple[dict[str, Any], int]]
    said = [({"timezone": "Europe/Oslo"}, 2), ({"enable_utc": True}, 0)]
    for settings, hours in said:
        utc = NAIVE.replace(tzinfo=UTC) - timedelta(hours=hours)
        assert due(app(**settings), **options) == f"@{round(utc.timestamp() * 1000)}"
    aware = {option: NAIVE.replace(tzinfo=ZoneInfo("Asia/Tokyo"))}
    expected = f"@{round(aware[option].timestamp() * 1000)}"
    assert due(app(timezone="Europe/Oslo"), **aware) == expected
    with pytest.raises(ValueError, match="no time zone"):
        due(app(), **options)


def test_cron_expressions_are_meant_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Lima")
    assert default_zone(app().runtime) == "UTC"
    assert default_zone(app(timezone="Europe/Oslo").runtime) == "Europe/Oslo"
    assert default_zone(app(enable_utc=False).runtime) == "America/Lima"


def test_a_task_may_expire_at_a_naive_time() -> None:
    application = app(timezone="Europe/Oslo")

    @application.task(expires=NAIVE)
    def fleeting() -> None: ...

    assert fleeting.task_options.expires == NAIVE.replace(tzinfo=ZoneInfo("Europe/Oslo"))

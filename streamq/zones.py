"""Times that name no zone: in which one they are meant."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound="Mapping[str, Any]")
_MOMENTS = ("eta", "expires")  # options that may be a point in time


def check_zone(given: Any, what: str) -> tzinfo:
    """A zone by its name, as Europe/Oslo, or as it is; `TypeError` or `ValueError`."""
    if isinstance(given, tzinfo):
        return given
    if not isinstance(given, str):
        raise TypeError(f'{what}: must be the name of a zone, as in "Europe/Oslo", not {given!r}')
    if given.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - few applications name another zone

    try:
        return ZoneInfo(given)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError is one
        raise ValueError(
            f"{what}={given!r}: no zone of that name is known here; names are as in "
            '"Europe/Oslo",\nand come with the system or with: pip install tzdata'
        ) from None


def zone_of(timezone: tzinfo | None, enable_utc: bool | None) -> tzinfo | None:  # noqa: FBT001 - a setting
    """The zone that two settings name together; None where neither says anything."""
    if timezone is not None or enable_utc is None:
        return timezone
    return UTC if enable_utc else _local()


def in_zone(options: T, zone: tzinfo | None) -> T:
    """Options of a call, with times that name no zone read in this one."""
    naive = {
        name: value.replace(tzinfo=zone)
        for name in _MOMENTS
        if isinstance(value := options.get(name), datetime) and value.utcoffset() is None
    }
    return {**options, **naive} if naive and zone else options  # type: ignore[return-value]


def _local() -> tzinfo:
    """This machine's zone, with its name and its summers where the system says so."""
    import os  # noqa: PLC0415 - as below
    from pathlib import Path  # noqa: PLC0415 - seldom needed
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - the same

    linked = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    name = os.environ.get("TZ", "").lstrip(":") or linked
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return datetime.now().astimezone().tzinfo or UTC

"""Durations, times, errors and values as people read them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from datetime import tzinfo

    from streamq.job import JobInfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = {"s": 1, "m": _MINUTE, "min": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(s|min|m|h|d|w)?")


def ago(seconds: float | None) -> str:
    """A duration in one or two units; nothing for None."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
    seconds = round(seconds)  # first: 119.6 s are 2 min 0 s, not 1 min 60 s
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def since(moment: datetime | None) -> str:
    """How long ago, or in how long, by this machine's clock."""
    if moment is None:
        return ""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return f"{ago(seconds)} ago" if seconds >= 0 else f"in {ago(-seconds)}"


def clock(moment: datetime | None, zone: tzinfo | None = None) -> str:
    """A time with its distance from now; in a zone, or this machine's."""
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S %Z} ({since(moment)})"


def one_line(error: BaseException | None) -> str:
    """An error's kind and its first line."""
    if error is None:
        return ""
    named = getattr(error, "type_name", type(error).__name__).removeprefix("builtins.")
    text = str(error).removeprefix("builtins.").strip()
    line = text.splitlines()[0] if text else ""
    if line.startswith(named):
        return line
    return f"{named}: {line}" if line else named


def call_text(job: JobInfo) -> str:
    """The arguments as they would be written in a call."""
    named = [f"{name}={value!r}" for name, value in job.kwargs.items()]
    return ", ".join([*map(repr, job.args), *named])


def value_text(value: Any) -> str:
    """A result: JSON where it is, else as Python shows it."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


_LONGEST = 100 * 366 * 86400.0  # seconds


class Duration(click.ParamType):  # type: ignore[type-arg] # generic since click 8.4
    """Seconds, or a number with a unit: 30, 90s, 5m, 1h, 2d."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """In seconds."""
        found = _DURATION.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no duration; write 30, 90s, 5m, 1h or 2d", param, ctx)
        seconds = float(found[1]) * _UNITS[found[2] or "s"]
        if seconds > _LONGEST:  # no calendar reaches that far back
            self.fail(f"{str(value)[:40]!r} is more than a hundred years", param, ctx)
        return seconds


class QueueName(click.ParamType):  # type: ignore[type-arg] # as above
    """A queue's name, or several with commas."""

    name = "queue"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checked, as an application would."""
        from streamq.option_checks import queue_name

        try:
            return ",".join(queue_name(one.strip()) for one in str(value).split(","))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class WorkerName(click.ParamType):  # type: ignore[type-arg] # as above
    """What workers' names begin with."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Checked, as a supervisor would."""
        from streamq.worker.identity import check_name

        try:
            return check_name(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)

"""Which jobs are meant, on the command line: options and what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streamq.cli.wording import Duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.inspection import JobFilter

F = TypeVar("F", bound="Callable[..., Any]")
_STATES = ["scheduled", "parked", "waiting", "running", "succeeded", "dead", "cancelled", "expired"]
_NAMES = ("task", "state", "tag", "since", "until", "error", "arguments")


class Moment(click.ParamType):  # type: ignore[type-arg] # generic since click 8.4
    """A time, or how long ago: 2026-05-01T10:00, 10:30, 2h."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Aware; without a zone, in this machine's."""
        text = str(value).strip()
        try:
            if len(text) <= len("10:30:00") and ":" in text:  # of today
                text = f"{datetime.now().astimezone():%Y-%m-%d}T{text}"
            return datetime.fromisoformat(text).astimezone()
        except ValueError:
            pass
        try:
            return datetime.now(UTC) - timedelta(seconds=Duration().convert(value, param, ctx))
        except click.BadParameter:
            return self.fail(
                f"{text[:40]!r} is no time; write 2h (ago), 10:30 or 2026-05-01T10:00", param, ctx
            )


class Rate(click.ParamType):  # type: ignore[type-arg] # as above
    """So many in a time: 10/s, 100/m."""

    name = "rate"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """In one second."""
        number, _, unit = str(value).strip().partition("/")
        per = {"s": 1, "m": 60, "h": 3600}.get(unit or "s")
        try:
            rate = float(number) / per if per else 0.0
        except ValueError:
            rate = 0.0
        if not 0 < rate < float("inf"):
            self.fail(f"{value!r} is no rate; write 10/s, 100/m or 500/h", param, ctx)
        return rate


def filter_options(function: F) -> F:
    """Add the options that say which jobs are meant."""
    for names, options in (
        (("--arg", "arguments"), {"multiple": True, "help": "An argument: user_id=7."}),
        (("--error",), {"help": "In the type or text of its last error."}),
        (("--until",), {"type": Moment(), "help": "Before that time."}),
        (("--since",), {"type": Moment(), "help": "At that time or later: 2h (ago), 10:30."}),
        (("--tag",), {"help": "With this tag."}),
        (("--state",), {"type": click.Choice(_STATES), "help": "In this state."}),
        (("--task",), {"help": "Of this task."}),
    ):
        function = click.option(*names, **options)(function)
    return function


def filter_of(ctx: click.Context, said: dict[str, Any]) -> JobFilter:
    """What was said, taken out of the command's parameters."""
    from streamq.inspection import JobFilter

    given = {name: said.pop(name) for name in _NAMES}
    args: dict[str, str] = {}
    for one in given.pop("arguments"):
        name, equals, text = one.partition("=")
        if not (equals and name.isidentifier()):
            raise click.UsageError(f"--arg {one}: write NAME=VALUE, as user_id=7", ctx)
        args[name] = text
    return JobFilter(**given, args=args)

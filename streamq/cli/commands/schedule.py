"""`streamq schedule`: lists schedules, and changes them at run time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import log_actions
from streamq.cli.documents import plain, print_document
from streamq.cli.failures import BadAnswer
from streamq.cli.target import connected, target_options
from streamq.cli.unknown_tasks import refuse_unknown_task
from streamq.cli.wording import Duration, QueueName

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.schedules.info import ScheduleInfo

_ACTIONS = ("list", "create", "update", "pause", "resume", "delete", "trigger")
_DONE = {"pause": "paused", "resume": "goes on", "delete": "deleted"}


class Instant(click.ParamType):  # type: ignore[type-arg] # generic since click 8.4
    """A point in time; without a zone it is this machine's."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As an aware datetime."""
        from datetime import datetime

        try:
            return datetime.fromisoformat(str(value)).astimezone()
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-29T02:30 or …+02:00", param, ctx)


def _when(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say when and how, of `create` and `update`."""
    words: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
        (("--cron",), {"metavar": "'M H D M W'", "help": "When: a cron expression."}),
        (("--every",), {"type": Duration(), "help": "When: an interval (30s, 5m, 1h)."}),
        (("--tz",), {"metavar": "ZONE", "help": "Time zone of the expression."}),
        (("--args",), {"metavar": "JSON", "help": "Arguments, a JSON list."}),
        (("--kwargs",), {"metavar": "JSON", "help": "Arguments by name, a JSON object."}),
        (("--start",), {"type": Instant(), "help": "No tick before this time."}),
        (("--end",), {"type": Instant(), "help": "No tick after this time."}),
        (("--jitter",), {"type": Duration(), "help": "Spread jobs over so long."}),
        (
            ("--on-missed",),
            {"type": click.Choice(["skip", "once", "all"]), "help": "Ticks nobody was there for."},
        ),
        (("--missed-limit",), {"type": int, "help": "The most that 'all' makes up for."}),
        (
            ("--overlap",),
            {
                "type": click.Choice(["allow", "skip", "queue_one"]),
                "help": "While the run before goes on.",
            },
        ),
        (("--queue", "-q", "-Q"), {"type": QueueName(), "help": "Queue of its jobs."}),
    )
    for flags, how in reversed(words):
        function = click.option(*flags, **how)(function)
    return function


@click.command(short_help="List schedules, or change them.")
@click.argument("action", type=click.Choice(_ACTIONS))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_when
@click.option("--undeclared", is_flag=True, help="With delete: all that no code has any more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    action: str,
    names: tuple[str, ...],
    undeclared: bool,
    as_json: bool,
    **when: Any,
) -> int:
    """List schedules, create or update one, pause, resume, delete or trigger some.

    create NAME TASK, with --cron or --every. trigger makes an extra job now. What the code declares
    can be updated and paused too; it is deleted there. create and the rest need -A.
    """
    if action == "list":
        return _list(ctx, names, when, as_json=as_json)
    _check(ctx, action, names, when, undeclared=undeclared)
    app = connected(ctx, required=action in {"create", "update"})
    log_actions(app)
    if action in {"create", "update"}:
        given = _given(ctx, when)
        info = _change(ctx, app, action, names, given)
        return _tell(action, {info.name: plain(info)}, [_said(info)], as_json=as_json)
    chosen = list(names) if names else _undeclared(app)
    answers = {name: _act(app, action, name) for name in chosen}
    lines = [f"{name}: {answer}" for name, answer in answers.items()]
    return _tell(action, answers, lines or ["Nothing to delete."], as_json=as_json)


def _list(
    ctx: click.Context, names: tuple[str, ...], when: dict[str, Any], *, as_json: bool
) -> int:
    from streamq.cli.inspect_schedules import all_schedules

    if names:
        raise click.UsageError("list shows all; streamq inspect schedules NAME shows one", ctx)
    queue = when["queue"]
    view = all_schedules(connected(ctx), queue.split(",") if queue else [])
    if as_json:
        print_document(view.document)
    else:
        click.echo(view.text)
    return 0


def _check(
    ctx: click.Context,
    action: str,
    names: tuple[str, ...],
    when: dict[str, Any],
    *,
    undeclared: bool,
) -> None:
    wanted = {"create": 2, "update": 1}.get(action)
    if wanted is not None and len(names) != wanted:
        text = "create NAME TASK" if action == "create" else "update NAME"
        raise click.UsageError(f"streamq schedule {text}, and --cron or --every", ctx)
    if undeclared and (names or action != "delete"):
        raise click.UsageError("--undeclared is for delete, without names", ctx)
    if not names and not undeclared:
        raise click.UsageError("which one? streamq schedule list shows them", ctx)
    if wanted is None and any(value is not None for value in when.values()):
        raise click.UsageError(f"{action} takes names only", ctx)


def _given(ctx: click.Context, when: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in when.items() if value is not None}
    for name, kind in (("args", list), ("kwargs", dict)):
        if name in given:
            try:
                given[name] = json.loads(given[name])
            except ValueError as error:
                raise click.UsageError(f"--{name}: no JSON: {error}", ctx) from None
            if not isinstance(given[name], kind):
                raise click.UsageError(f"--{name}: a JSON {kind.__name__} is wanted", ctx)
    return given


def _change(
    ctx: click.Context, app: StreamQ, action: str, names: tuple[str, ...], given: dict[str, Any]
) -> ScheduleInfo:
    from streamq.errors import StreamQError

    try:
        if action == "create":
            refuse_unknown_task(app, names[1])
            return app.schedules.create(names[0], names[1], **given)
        return app.schedules.update(names[0], **given)
    except StreamQError:
        raise
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error), ctx) from None


def _act(app: StreamQ, action: str, name: str) -> str:
    schedules, full = app.schedules, _full(app, name)
    if action == "trigger":
        return schedules.trigger(full).id
    if action == "delete" and not app.tasks:  # a bare application: whose code it is nobody knows
        done = schedules.delete_unless_declared(full)
    else:
        act: dict[str, Callable[[str], bool]]
        act = {"pause": schedules.pause, "resume": schedules.resume, "delete": schedules.delete}
        done = act[action](full)
    return _DONE[action] if done else f"{_DONE[action]} already"


def _full(app: StreamQ, name: str) -> str:
    """With the application before it, where none was given and only one has such a schedule."""
    from streamq import inspection

    if app.tasks or "/" in name:
        return name
    found = [one for one in inspection.schedules(app) if one.name == name]
    if len(found) > 1:
        apps = ", ".join(f"{one.app}/{name}" for one in found)
        raise BadAnswer(f"several applications have a schedule {name!r}: {apps}")
    return f"{found[0].app}/{name}" if found else name


def _undeclared(app: StreamQ) -> list[str]:
    from streamq import inspection

    return [f"{one.app}/{one.name}" for one in inspection.schedules(app) if not one.declared]


def _said(info: ScheduleInfo) -> str:
    from streamq.cli.wording import clock

    return f"{info.name}: {info.timing}, next {clock(info.next_run) or 'never'}"


def _tell(action: str, answers: dict[str, Any], lines: list[str], *, as_json: bool) -> int:
    if as_json:
        print_document({"action": action, "schedules": answers})
    else:
        from streamq.terminal import printable

        click.echo("\n".join(printable(line) for line in lines))
    return 0

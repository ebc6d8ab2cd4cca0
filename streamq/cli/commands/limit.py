"""`streamq limit`: limits as they hold now, changed without a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import log_actions
from streamq.cli.documents import plain, print_document
from streamq.cli.failures import BadAnswer
from streamq.cli.inspect_views import check_queues
from streamq.cli.target import connected, target_options
from streamq.cli.wording import QueueName
from streamq.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.app import StreamQ
    from streamq.limits import Concurrency, RateLimit
    from streamq.limits_in_force import LimitInfo

_WORDS = {"list": 0, "set": 2, "reset": 1, "weigh": 2}  # action: how many words follow
_USAGE = {
    "list": "streamq limit list",
    "set": "streamq limit set NAME 20/m (or 5: so many at once)",
    "reset": "streamq limit reset NAME",
    "weigh": "streamq limit weigh LANE 3 -q QUEUE (or reset)",
}


@click.command(short_help="Show limits, change them now.")
@click.argument("action", type=click.Choice(list(_WORDS)))
@click.argument("words", nargs=-1, metavar="[NAME] [VALUE]")
@click.option("-q", "--queue", "-Q", type=QueueName(), help="Of this queue; else of all.")
@click.option("-k", "--key", help="Of this key alone, as `inspect limits` shows it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: str,
    words: tuple[str, ...],
    queue: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    """Show limits (list), change one until it is reset (set, reset), weigh a lane (weigh).

    NAME is as `list` shows it, or the task's; VALUE a rate ("20/m"), or a number for so many at
    once. It holds for all workers at once, and survives deploys and restarts until `reset`.
    """
    if len(words) != _WORDS[action]:
        raise click.UsageError(f"write {_USAGE[action]}", ctx)
    if queue is not None and "," in queue:
        raise click.UsageError("one queue at a time", ctx)
    if key is not None and action not in {"set", "reset"}:
        raise click.UsageError("--key goes with set and reset", ctx)
    app = connected(ctx)
    if action == "list":
        return _list(app, queue, as_json=as_json)
    log_actions(app)
    if action == "weigh":
        return _weigh(ctx, app, words, queue, as_json=as_json)
    info = _change(ctx, app, action, words, queue=queue, key=key)
    if as_json:
        print_document({"action": action, "limit": _document(info)})
    else:
        code = "" if info.is_changed or info.declared is None else ", as the code says"
        whose = f", key {info.key}" if info.key is not None else ""
        click.echo(f"{info.name} of queue {info.queue}{whose}: {info.limit}{code}")
    return 0


def _change(
    ctx: click.Context,
    app: StreamQ,
    action: str,
    words: Sequence[str],
    *,
    queue: str | None,
    key: str | None,
) -> LimitInfo:
    try:
        if action == "reset":
            return app.limits.reset(words[0], queue=queue, key=key)
        value: str | int = int(words[1]) if words[1].isdigit() else words[1]
        return app.limits.set(words[0], value, queue=queue, key=key)
    except ConfigurationError as error:
        raise BadAnswer(str(error)) from None
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error), ctx) from None


def _weigh(
    ctx: click.Context, app: StreamQ, words: Sequence[str], queue: str | None, *, as_json: bool
) -> int:
    from streamq import inspection

    lane, text = words
    chosen = queue or app.conf.default_queue
    if text != "reset":
        check_queues([chosen], [one.queue for one in inspection.queues(app)])
    try:
        weight = None if text == "reset" else _number(text)
        app.limits.weigh(lane, weight, queue=chosen)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"{error}; or reset", ctx) from None
    if as_json:
        print_document({"action": "weigh", "queue": chosen, "lane": lane, "weight": weight})
    else:
        now = "as the code says" if weight is None else f"weight {weight:g}"
        click.echo(f"lane {lane} of queue {chosen}: {now}")
    return 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r}: write a weight, 0.001 to 1000") from None


def _list(app: StreamQ, queue: str | None, *, as_json: bool) -> int:
    from streamq.terminal import Column, table

    found = app.limits.list(queue)
    if as_json:
        print_document({"limits": [_document(one) for one in found]})
        return 0
    if not found:
        click.echo("No limit is declared or published here.")
        return 0
    columns = [Column("LIMIT", cut=True), Column("QUEUE", cut=True), Column("NOW"), Column("CODE")]
    rows = [[_name(one), one.queue, _now(one), str(one.declared or "")] for one in found]
    click.echo(table(columns, rows))
    return 0


def _name(info: LimitInfo) -> str:
    return info.name if info.key is None else f"{info.name}, key {info.key}"


def _now(info: LimitInfo) -> str:
    return f"{info.limit} (changed)" if info.is_changed else str(info.limit)


def _document(info: LimitInfo) -> dict[str, Any]:
    found: dict[str, Any] = plain(info)
    return {**found, "limit": _shown(info.limit), "declared": _shown(info.declared)}


def _shown(limit: RateLimit | Concurrency | None) -> dict[str, Any] | None:
    return None if limit is None else {"text": str(limit), **plain(limit)}

"""`streamq queue`: pauses and resumes, empties and waits until it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streamq.cli.acting import ask, log_actions, plural
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.inspect_views import check_queues
from streamq.cli.target import connected, target_options
from streamq.cli.wording import Duration, QueueName
from streamq.terminal import Bar

if TYPE_CHECKING:
    from streamq.app import StreamQ


@click.command(short_help="Pause, resume, purge or drain a queue.")
@click.argument("action", type=click.Choice(["pause", "resume", "purge", "drain"]))
@click.argument("queue", type=QueueName(), metavar="QUEUE")
@click.option("--task", help="Only this task's jobs.")
@click.option("--lane", help="Only this lane's jobs, by its key.")
@click.option("--timeout", type=Duration(), help="Of drain: how long to wait at most.")
@click.option("-y", "--yes", is_flag=True, help="Of purge: don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: str,
    queue: str,
    task: str | None,
    lane: str | None,
    timeout: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Pause a queue, resume it, purge it or drain it.

    pause: start no more of its jobs. Running ones finish; what is enqueued waits, and what has
    `expires` may end as expired. Holds for all workers at once, and survives restarts.
    resume: start them again.
    purge: cancel all that has not started; asks first, unless --yes.
    drain: wait until nothing waits or runs any more, but for what is scheduled for later.
    """
    app = connected(ctx)
    names = queue.split(",")
    if (task or lane) and action in {"purge", "drain"}:
        raise click.UsageError(f"{action} is of whole queues; streamq cancel takes --task", ctx)
    if action == "purge":
        return _purge(ctx, app, names, yes=yes, as_json=as_json)
    if action == "drain":
        return _drain(app, names, timeout, as_json=as_json)
    log_actions(app)
    return _switch(ctx, app, action, names, task=task, lane=lane, as_json=as_json)


def _purge(ctx: click.Context, app: StreamQ, names: list[str], *, yes: bool, as_json: bool) -> int:
    from streamq import control, inspection

    check_queues(names, [one.queue for one in inspection.queues(app)])
    counts = [inspection.counts(app, one) for one in names]
    number = sum(one.waiting + one.scheduled + one.parked for one in counts)
    if number and not yes:
        ask(ctx, plural(number), "cancel", "Cancel all that has not started")
    log_actions(app)
    done: dict[str, int] = {}
    with Bar(number, "purge", quiet=as_json) as bar:
        for one in names:
            done[one] = control.purge(app, one, bar.at)
    if as_json:
        print_document({"action": "purge", "cancelled": done})
    else:
        click.echo(f"{plural(sum(done.values()))} cancelled.")
    return 0


def _drain(app: StreamQ, names: list[str], timeout: float | None, *, as_json: bool) -> int:
    from streamq import control, inspection

    check_queues(names, [one.queue for one in inspection.queues(app)])
    log_actions(app)
    found: dict[str, control.Drained] = {}
    for one in names:
        with Bar(0, f"queue {one}: left", quiet=as_json) as bar:
            found[one] = control.drain(app, one, timeout, bar.at)
    if as_json:
        print_document({"action": "drain", "queues": found})
    else:
        for name, drained in found.items():
            left = f"has {drained.left:,} left: {drained.why}" if drained.left else "is empty"
            click.echo(f"queue {name} {left}")
    return BAD_ANSWER if any(drained.left for drained in found.values()) else 0


def _switch(
    ctx: click.Context,
    app: StreamQ,
    action: str,
    names: list[str],
    *,
    task: str | None,
    lane: str | None,
    as_json: bool,
) -> int:
    from streamq import inspection
    from streamq.option_checks import nearest

    known = [one.queue for one in inspection.queues(app)]
    changed: list[str] = []
    try:
        for one in names:
            act = app.pause if action == "pause" else app.resume
            if act(one, task=task, lane=lane):
                changed.append(one)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error), ctx) from None
    if as_json:
        print_document({"action": action, "changed": changed, "task": task, "lane": lane})
        return 0
    what = f"task {task} in " if task else f"lane {lane} of " if lane else ""
    for one in names:
        done = "paused" if action == "pause" else "resumed"
        said = done if one in changed else f"{'is' if action == 'pause' else 'was not'} paused"
        again = " already" if one not in changed and action == "pause" else ""
        click.echo(f"{what}queue {one} {said}{again}")
        if one not in known:
            click.echo(f"It was never used here{nearest(one, known) if known else ''}", err=True)
    return 0

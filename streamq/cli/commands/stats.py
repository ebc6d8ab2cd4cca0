"""`streamq stats`: what was done in the last hours, in a chart and a table."""

from __future__ import annotations

import click

from streamq.cli.documents import plain, print_document
from streamq.cli.target import connected, target_options
from streamq.cli.wording import Duration, QueueName


@click.command(short_help="What was done, how fast.")
@click.option(
    "--since",
    type=Duration(),
    default="24h",
    show_default=True,
    help="How far back: 1m to 72h, as 30m, 6h, 3d.",
)
@click.option("-q", "--queue", "-Q", type=QueueName(), help="Only this queue, or several: a,b.")
@click.option("--task", "tasks", multiple=True, help="Only this task; may be given again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context, *, since: float, queue: str | None, tasks: tuple[str, ...], as_json: bool
) -> int:
    """Show what was done: rates in a chart, and of each task how long jobs waited and ran.

    Counted on the server by the minute (times by the hour) for 72 hours: no worker is asked, and
    a restart forgets nothing. Quantiles are estimates.
    """
    from streamq import inspection
    from streamq.cli.stats_view import stats_text

    app = connected(ctx)
    queues = queue.split(",") if queue else None
    try:
        found = inspection.stats(app, since=since, queues=queues, tasks=list(tasks) or None)
    except ValueError as error:
        raise click.UsageError(f"--{error}", ctx) from None
    if as_json:
        print_document(plain(found))
    else:
        click.echo(stats_text(found))
    return 0

"""`streamq health`: whether workers claim what waits."""

from __future__ import annotations

import click

from streamq.cli.documents import plain, print_document
from streamq.cli.target import connected, target_options
from streamq.cli.wording import Duration, QueueName
from streamq.terminal import printable


@click.command(short_help="Do workers claim what waits?")
@click.option("--worker", metavar="NAME", help="Only workers whose names begin so, as a host's.")
@click.option("-q", "--queue", "-Q", type=QueueName(), help="Only this queue, or several: a,b.")
@click.option(
    "--patience",
    type=Duration(),
    default="30s",
    show_default=True,
    help="How long jobs may wait for a worker with room.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context, *, worker: str | None, queue: str | None, patience: float, as_json: bool
) -> int:
    """Exit with 0 where all is well; with 1, and why, where jobs wait and nobody takes them.

    A paused queue, a full limit and workers that are busy are fine. Asks the server alone.
    """
    from streamq import inspection

    app = connected(ctx)
    found = inspection.health(
        app,
        mine=(lambda one: one.name.startswith(worker)) if worker else None,
        queues=queue.split(",") if queue else None,
        patience=patience,
    )
    if as_json:
        print_document({"ok": found.ok, **plain(found)})
    elif found.ok:
        click.echo(f"ok: {len(found.workers)} workers")
    else:
        click.echo("\n".join(printable(problem) for problem in found.problems))
    return 0 if found.ok else 1

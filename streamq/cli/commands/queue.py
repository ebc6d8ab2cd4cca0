"""`streamq queue`: pauses and resumes."""

from __future__ import annotations

import click

from streamq.cli.documents import print_document
from streamq.cli.target import connected, target_options
from streamq.cli.wording import QueueName


@click.command(short_help="Pause a queue, resume it.")
@click.argument("action", type=click.Choice(["pause", "resume"]))
@click.argument("queue", type=QueueName(), metavar="QUEUE")
@click.option("--task", help="Only this task's jobs.")
@click.option("--lane", help="Only this lane's jobs, by its key.")
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
    as_json: bool,
) -> int:
    """Start no more jobs of a queue (pause), or start them again (resume).

    Running jobs finish; what is enqueued waits, and what has `expires` may end as expired. Holds
    for all workers at once, and survives restarts. Doing it again changes nothing.
    """
    app = connected(ctx)
    changed: list[str] = []
    try:
        for one in queue.split(","):
            act = app.pause if action == "pause" else app.resume
            if act(one, task=task, lane=lane):
                changed.append(one)
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error), ctx) from None
    if as_json:
        print_document({"action": action, "changed": changed, "task": task, "lane": lane})
        return 0
    what = f"task {task} in " if task else f"lane {lane} of " if lane else ""
    for one in queue.split(","):
        done = "paused" if action == "pause" else "resumed"
        said = done if one in changed else f"{'is' if action == 'pause' else 'was not'} paused"
        again = " already" if one not in changed and action == "pause" else ""
        click.echo(f"{what}queue {one} {said}{again}")
    return 0

"""`streamq job`: what can be done to one job, or to those that filters choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import log_actions, plural
from streamq.cli.commands import cancel, dead
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import connected, target_options

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group(short_help="Retry, cancel or delete jobs.")
@target_options
def command() -> None:
    """Retry a dead job, cancel one that has not ended, delete one that has.

    By ID, or by filters: see the help of each. inspect job ID says why a job is where it is.
    """


def _of_the_dead(action: str, text: str) -> click.Command:
    """`streamq dead ACTION` under another name, with all its options."""
    options = [it for it in dead.command.params if it.name != "action"]

    @click.pass_context
    def run(ctx: click.Context, /, ids: tuple[str, ...], **said: Any) -> int:
        return dead.act_on_dead(ctx, action, list(ids), **said)

    return click.Command(action, callback=run, params=options, help=text, short_help=text)


@click.command(short_help="Delete jobs that are dead or have ended.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def delete(ctx: click.Context, *, ids: tuple[str, ...], as_json: bool) -> int:
    """Delete dead jobs for good, and the results of those that have ended.

    Dead jobs by filters: streamq dead delete. What has not ended is left alone: cancel it.
    """
    from streamq import control

    app = connected(ctx)
    log_actions(app)
    answers = control.delete(app, ids)
    done = sum(one is control.Answer.DONE for one in answers.values())
    missed = [job_id for job_id, one in answers.items() if one is not control.Answer.DONE]
    if as_json:
        print_document({"action": "delete", "done": done, "left_alone": missed})
    else:
        _say(done, missed)
    return BAD_ANSWER if missed else 0


def _say(done: int, missed: Sequence[str]) -> None:
    if done:
        click.echo(f"{plural(done)} deleted.")
    for job_id in missed:
        click.echo(f"{job_id} has not ended, or nobody knows it: streamq job cancel")


command.add_command(_of_the_dead("retry", "Run dead jobs again, as if they never had."))
command.add_command(cancel.command, "cancel")
command.add_command(delete)

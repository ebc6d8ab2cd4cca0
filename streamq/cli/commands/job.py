"""`streamq job`: what can be done to one job, or to those that filters choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import ask, log_actions, plural
from streamq.cli.commands import cancel, dead
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.picking import ENDED, check_pick, older_option, pick_of, pick_options, pick_over
from streamq.cli.target import connected, target_options
from streamq.terminal import Bar

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
        return dead.act_on_dead(ctx, action, ids, **said)

    return click.Command(action, callback=run, params=options, help=text, short_help=text)


@click.command(short_help="Delete jobs that are dead or have ended.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that the filters let through.")
@pick_options
@older_option
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def delete(
    ctx: click.Context, /, *, ids: tuple[str, ...], yes: bool, as_json: bool, **said: Any
) -> int:
    """Delete dead jobs for good, and the results of those that have ended.

    By ID, or by filters: then it says how many there are and asks, on a terminal; elsewhere it
    needs --yes. What has not ended is left alone: cancel it.
    """
    from streamq import control

    pick = pick_of(ctx, said, ["dead", *ENDED], "delete")
    check_pick(ctx, ids, pick)
    app = connected(ctx)
    chosen = list(ids) or pick_over(app, pick, quiet=as_json)
    if chosen and not ids and not yes:
        ask(ctx, plural(len(chosen)), "delete", "Delete dead jobs and results for good")
    log_actions(app)
    with Bar(len(chosen), "delete", quiet=as_json) as bar:
        answers = control.delete(app, chosen, bar.at)
    done = sum(one is control.Answer.DONE for one in answers.values())
    missed = [job_id for job_id, one in answers.items() if one is not control.Answer.DONE]
    if as_json:
        print_document({"action": "delete", "done": done, "left_alone": missed})
    else:
        _say(done, missed, by_id=bool(ids))
    return BAD_ANSWER if missed and ids else 0


def _say(done: int, missed: Sequence[str], *, by_id: bool) -> None:
    if done or not by_id:
        click.echo(f"{plural(done)} deleted.")
    if missed and not by_id:
        click.echo(f"{len(missed):,} had no result that is kept.")
        return
    for job_id in missed:
        click.echo(f"{job_id} has not ended, or nobody knows it: streamq job cancel")


command.add_command(_of_the_dead("retry", "Run dead jobs again, as if they never had."))
command.add_command(cancel.command, "cancel")
command.add_command(delete)

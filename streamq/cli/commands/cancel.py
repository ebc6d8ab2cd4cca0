"""`streamq cancel`: ends jobs, those that wait at once, those that run by their worker."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import ask, log_actions, plural
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.picking import PENDING, check_pick, pick_of, pick_options, pick_pending
from streamq.cli.target import connected, target_options
from streamq.terminal import Bar

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.cancellation import Cancellation

_WORDS = {
    "cancelled": "cancelled",
    "asked": "is running: its worker ends it",
    "dead": "is dead: streamq dead delete removes it",
    "ended": "has ended",
    "unknown": "is known to nobody",
}


@click.command(short_help="Cancel jobs, also those that run.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@pick_options
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    ids: tuple[str, ...],
    yes: bool,
    as_json: bool,
    **said: Any,
) -> int:
    """Cancel jobs: by ID, or all that the filters let through.

    What waits, is scheduled or parked is gone at once; a running job is ended by its worker, and
    doesn't run again. All filters that are given must fit; it says how many jobs there are and
    asks, on a terminal; elsewhere it needs --yes. Exit code 1 where an ID's job could not be
    cancelled.
    """
    pick = pick_of(ctx, said, PENDING, "cancel")
    check_pick(ctx, ids, pick)
    app = connected(ctx)
    if ids:
        return _tell_each(_cancel(app, list(ids), quiet=as_json), as_json=as_json)
    chosen = pick_pending(app, pick, quiet=as_json)
    if chosen and not yes:
        ask(ctx, plural(len(chosen)), "cancel", "Cancel them, also those that run")
    return _tell_all(_cancel(app, chosen, quiet=as_json), as_json=as_json)


def _cancel(app: StreamQ, ids: list[str], *, quiet: bool) -> dict[str, Cancellation]:
    from streamq import control

    log_actions(app)
    with Bar(len(ids), "cancel", quiet=quiet) as bar:
        return control.cancel(app, ids, bar.at)


def _tell_each(answers: dict[str, Cancellation], *, as_json: bool) -> int:
    if as_json:
        print_document({**_counts(answers), "jobs": {i: str(one) for i, one in answers.items()}})
    else:
        for job_id, answer in answers.items():
            click.echo(f"{job_id} {_WORDS[answer.value]}")
    return 0 if all(answers.values()) else BAD_ANSWER


def _tell_all(answers: dict[str, Cancellation], *, as_json: bool) -> int:
    counts = _counts(answers)
    if as_json:
        print_document({**counts, "left_alone": len(answers) - sum(counts.values())})
        return 0
    cancelled, asked = counts["cancelled"], counts["asked"]
    click.echo(f"{plural(cancelled)} cancelled.")
    if asked:
        click.echo(f"{asked:,} that run are ended by their workers.")
    if left := len(answers) - cancelled - asked:
        click.echo(f"{left:,} had ended meanwhile.")
    return 0


def _counts(answers: dict[str, Cancellation]) -> dict[str, int]:
    words = Counter(answer.value for answer in answers.values())
    return {"cancelled": words["cancelled"], "asked": words["asked"]}

"""`streamq dead`: runs dead jobs again, or deletes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from streamq.cli.acting import ask, log_actions, plural
from streamq.cli.choosing import Rate
from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.picking import check_pick, older_option, pick_dead, pick_of, pick_options
from streamq.cli.target import connected, target_options
from streamq.terminal import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ

_NOT_DEAD = "is not dead, or nobody knows it"
_MISSED = {"TAKEN": "stays dead: another job has its unique key now"}
_DONE = {"retry": "will run again", "delete": "deleted"}


@click.command(short_help="Run dead jobs again, or delete them.")
@click.argument("action", type=click.Choice(["retry", "delete"]))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All that the filters let through.")
@pick_options
@older_option
@click.option("--rate", type=Rate(), help="No more in a time than this: 10/s, 100/m.")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(ctx: click.Context, /, *, action: str, ids: tuple[str, ...], **said: Any) -> int:
    """Run dead jobs again (retry), or delete them for good (delete).

    By ID, or by filters, or --all: then it says how many there are and asks, on a terminal;
    elsewhere it needs --yes. What runs again starts anew: attempts and crashes count from 0.
    """
    return act_on_dead(ctx, action, ids, **said)


def act_on_dead(
    ctx: click.Context,
    action: str,
    ids: tuple[str, ...],
    *,
    rate: float | None = None,
    yes: bool = False,
    as_json: bool = False,
    **said: Any,
) -> int:
    """What `dead` and `job` do to dead jobs."""
    pick = pick_of(ctx, said, ["dead"], action)
    check_pick(ctx, ids, pick)
    app = connected(ctx)
    chosen = list(ids) or pick_dead(app, pick, quiet=as_json)
    if not chosen:
        return _tell(action, {}, as_json=as_json)
    if not ids and not yes:
        what = "Let them run again" if action == "retry" else "Delete them for good"
        ask(ctx, plural(len(chosen), "dead job"), action, what)
    log_actions(app)
    return _tell(action, _act(app, action, chosen, rate, quiet=as_json), as_json=as_json)


def _act(
    app: StreamQ, action: str, ids: list[str], rate: float | None, *, quiet: bool
) -> dict[str, str]:
    from streamq import control

    act: Callable[..., dict[str, control.Answer]]
    act = control.dead_retry if action == "retry" else control.dead_delete
    with Bar(len(ids), action, quiet=quiet) as bar:
        answers = act(app, ids, bar.at, rate)
    return {job_id: str(answer.value) for job_id, answer in answers.items()}


def _tell(action: str, answers: dict[str, str], *, as_json: bool) -> int:
    done = sum(word == "OK" for word in answers.values())
    missed = [job_id for job_id, word in answers.items() if word != "OK"]
    if as_json:
        print_document({"action": action, "done": done, "not_dead": missed})
    else:
        if done or not answers:
            click.echo(f"{plural(done)} {_DONE[action]}.")
        for job_id in missed:
            click.echo(f"{job_id} {_MISSED.get(answers[job_id], _NOT_DEAD)}.")
    return BAD_ANSWER if missed else 0

"""`streamq dead`: runs dead jobs again, or deletes them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import connected, target_options
from streamq.cli.wording import Duration, QueueName
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
@click.option("--task", help="With --all: only this task's.")
@click.option("-q", "--queue", "-Q", type=QueueName(), help="With --all: only this queue's.")
@click.option("--older-than", type=Duration(), help="With --all: dead for longer (1h, 2d, 90).")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: str,
    ids: tuple[str, ...],
    everything: bool,
    task: str | None,
    queue: str | None,
    older_than: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Run dead jobs again (retry), or delete them for good (delete).

    By ID, or --all with filters: then it says how many there are and asks, on a terminal;
    elsewhere it needs --yes. What runs again starts anew: attempts and crashes count from 0.
    """
    filtered = task is not None or queue is not None or older_than is not None
    _check(ctx, ids, everything=everything, filtered=filtered)
    app = connected(ctx)
    chosen = list(ids)
    if everything:
        chosen = _find(app, queue, task, older_than)
        if not chosen:
            return _tell(action, {}, as_json=as_json)
        if not yes:
            _ask(ctx, action, len(chosen))
    return _tell(action, _act(app, action, chosen, quiet=as_json), as_json=as_json)


def _check(ctx: click.Context, ids: tuple[str, ...], *, everything: bool, filtered: bool) -> None:
    if everything and ids:
        raise click.UsageError("give IDs, or --all; not both", ctx)
    if filtered and not everything:
        raise click.UsageError("--task, --queue and --older-than choose among --all", ctx)
    if not everything and not ids:
        raise click.UsageError("which ones? IDs, or --all", ctx)


def _find(app: StreamQ, queue: str | None, task: str | None, older_than: float | None) -> list[str]:
    from streamq import control

    found: list[str] = []
    for one in queue.split(",") if queue else [None]:
        found += control.find_dead(app, queue=one, task=task, older_than=older_than)
    return found


def _ask(ctx: click.Context, action: str, number: int) -> None:
    jobs = f"{number:,} dead job{'s' if number > 1 else ''}"
    if not sys.stdin.isatty():
        raise click.UsageError(f"{jobs} to {action}: --yes says so where nobody can be asked", ctx)
    what = "Let them run again" if action == "retry" else "Delete them for good"
    click.confirm(f"{jobs}. {what}?", abort=True)


def _act(app: StreamQ, action: str, ids: list[str], *, quiet: bool) -> dict[str, str]:
    from streamq import control

    act: Callable[..., dict[str, control.Answer]]
    act = control.dead_retry if action == "retry" else control.dead_delete
    with Bar(len(ids), action, quiet=quiet) as bar:
        answers = act(app, ids, bar.at)
    return {job_id: str(answer.value) for job_id, answer in answers.items()}


def _tell(action: str, answers: dict[str, str], *, as_json: bool) -> int:
    done = sum(word == "OK" for word in answers.values())
    missed = [job_id for job_id, word in answers.items() if word != "OK"]
    if as_json:
        print_document({"action": action, "done": done, "not_dead": missed})
    else:
        if done or not answers:
            click.echo(f"{done:,} job{'' if done == 1 else 's'} {_DONE[action]}.")
        for job_id in missed:
            click.echo(f"{job_id} {_MISSED.get(answers[job_id], _NOT_DEAD)}.")
    return BAD_ANSWER if missed else 0

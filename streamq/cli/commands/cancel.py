"""`streamq cancel`: takes jobs back that have not started."""

from __future__ import annotations

import click

from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import connected, target_options

_WORDS = {
    "OK": "cancelled",
    "RUNNING": "is running, and was left alone: this version stops no running job",
    "DEAD": "is dead: streamq dead delete removes it",
    "ENDED": "has ended, or was never known",
}


@click.command(short_help="Cancel jobs that have not started.")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(ctx: click.Context, *, ids: tuple[str, ...], as_json: bool) -> int:
    """Cancel jobs that wait, are scheduled or parked.

    Exit code 1 where one could not be cancelled.
    """
    from streamq import control

    answers = control.cancel(connected(ctx), ids)
    done = sum(answer is control.Answer.DONE for answer in answers.values())
    if as_json:
        words = {job_id: answer.name.lower() for job_id, answer in answers.items()}
        print_document({"cancelled": done, "jobs": words})
    else:
        for job_id, answer in answers.items():
            click.echo(f"{job_id} {_WORDS[answer.value]}")
    return 0 if done == len(answers) else BAD_ANSWER

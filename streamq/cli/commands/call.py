"""`streamq call`: enqueues one job, and waits for its result where asked."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from streamq.cli.documents import plain, print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import connected, target_options
from streamq.cli.unknown_tasks import refuse_unknown_task
from streamq.cli.wording import Duration, one_line, value_text
from streamq.terminal import Bar

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.result import AsyncResult

_NUMBER = re.compile(r"-[0-9.][0-9.eE+-]*")


@click.command(
    short_help="Enqueue one job.",
    context_settings={"ignore_unknown_options": True},  # so that -4 is a number
)
@click.argument("task")
@click.argument("arguments", nargs=-1, metavar="[ARG | NAME=ARG]...")
@click.option("--wait", is_flag=True, help="Wait for the result, and print it.")
@click.option("--timeout", type=Duration(), help="How long to wait at most (30, 5m).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    task: str,
    arguments: tuple[str, ...],
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Enqueue one job of TASK.

    Each ARG is read as JSON where it is JSON (4, true, null, [1, 2], "4"), else it is a string.
    NAME=ARG is passed by name; to send a string that looks so, quote it: '"a=b"'.

    With --wait the exit code is 1 where the job failed.
    """
    args, kwargs = parse_arguments(ctx, arguments)
    app = connected(ctx, starts=True)
    job = _enqueue(ctx, app, task, args, kwargs)
    waits = wait or timeout is not None
    document: dict[str, Any] = {"id": job.id, "task": task}
    if not as_json:
        click.echo(job.id, err=waits)
    if not waits:
        if as_json:
            print_document(document)
        return 0
    outcome = _await(app, job, timeout)
    if as_json:
        print_document(document | outcome)
    elif "error" in outcome:
        click.echo(f"Error: {job.id} failed: {one_line(outcome['error'])}", err=True)
        click.echo(f"See: streamq inspect job {job.id}", err=True)
    else:
        click.echo(value_text(outcome["result"]))
    return BAD_ANSWER if "error" in outcome else 0


def parse_arguments(ctx: click.Context, words: tuple[str, ...]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments by position and by name."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            raise click.UsageError(f"no such option: {name}", ctx)
        if not (equals and name.isidentifier()):
            args.append(_value(word))
        elif name in kwargs:
            raise click.UsageError(f"{name}= is given twice", ctx)
        else:
            kwargs[name] = _value(text)
    return args, kwargs


def _value(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)  # NaN and Infinity are no JSON, whatever Python says

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return text


def _enqueue(
    ctx: click.Context, app: StreamQ, task: str, args: list[Any], kwargs: dict[str, Any]
) -> AsyncResult[Any]:
    known = app.tasks.get(task)
    if known is None:
        refuse_unknown_task(app, task)
        return app.send_task(task, args=tuple(args), kwargs=kwargs)
    try:
        known.check_arguments(tuple(args), kwargs)
    except TypeError as error:
        raise click.UsageError(str(error), ctx) from None
    return known.apply_async(tuple(args), kwargs)


def _show_progress(job: AsyncResult[Any], timeout: float | None) -> None:
    """A bar for a job that says how far it is, until it has ended."""
    with Bar(0, job.task) as bar:
        for progress in job.watch(timeout=timeout):
            bar.total, bar.title = progress.total or 0, progress.message or job.task
            bar.at(progress.done)


def _await(app: StreamQ, job: AsyncResult[Any], timeout: float | None) -> dict[str, Any]:
    from streamq import inspection
    from streamq.errors import JobError, WaitTimeout

    if not any(worker.alive for worker in inspection.workers(app)):
        click.echo("No worker runs yet: streamq -A module worker starts one.", err=True)
    try:
        _show_progress(job, timeout)
        result = job.get(timeout=timeout, propagate=False)
    except WaitTimeout:
        raise
    except JobError as error:
        result = error
    if isinstance(result, BaseException):
        return {"state": str(job.state), "error": result}
    return {"state": "succeeded", "result": plain(result)}

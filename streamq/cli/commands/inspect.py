"""`streamq inspect`: queues, jobs, schedules and workers, read from the server alone."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from streamq.cli import inspect_search as search
from streamq.cli import inspect_views as views
from streamq.cli.choosing import filter_of, filter_options
from streamq.cli.documents import print_document
from streamq.cli.target import connected, target_options
from streamq.cli.wording import QueueName

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.cli.inspect_views import View
    from streamq.inspection import JobFilter

_SHOWS = ["pending", *views.PLACES, "ended", "workers", "limits", "queues", "job"]
_EVERY = 1.0  # seconds between two pictures of --watch
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\033[H", "\033[K", "\033[J"  # what is there goes
_SHOWS.append("schedules")  # all, or one of them by its name


@click.command(short_help="Show queues, jobs and workers.")
@click.argument("what", required=False, metavar="[WHAT]")
@click.argument("job_id", required=False, metavar="[ID]")
@click.option("-q", "--queue", "-Q", type=QueueName(), help="Only this queue, or several: a,b.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Jobs a page."
)
@filter_options
@click.option("--groups", is_flag=True, help="Dead jobs by task, error and place in the code.")
@click.option("--cursor", default="", help="Go on where the page before said.")
@click.option("--all", "everything", is_flag=True, help="All pages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--watch", is_flag=True, help="Again each second, until Ctrl-C.")
@target_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    what: str | None,
    job_id: str | None,
    as_json: bool,
    watch: bool,
    groups: bool,
    **said: Any,
) -> int:
    """Show queues (no WHAT), jobs, workers, or all of one job.

    WHAT is pending (all that has not ended), waiting, scheduled, parked, running, dead, ended,
    workers, limits, queues, or job with its ID.

    Reads from the server, never asks a worker, and starts nothing.
    schedules shows all of them, or one by its NAME with its last runs.

    Filters (--task, --state, --tag, --since, --until, --error, --arg) look through 400 jobs and
    say so; --cursor goes on from there, --all to the end.
    """
    wanted = filter_of(ctx, said)
    what = "dead" if groups and what is None else search.what_is_meant(what, wanted)
    _check(ctx, what, job_id, as_json=as_json, watch=watch)
    _check_filter(ctx, what, wanted, groups=groups)
    app = connected(ctx)
    page = views.Page(said["limit"], said["cursor"], said["everything"])
    queues = said["queue"].split(",") if said["queue"] else []
    show = _searching(app, what, queues, page, wanted, groups=groups)
    show = show or _show(app, what, job_id, queues, page)
    if as_json:
        print_document(show().document)
    elif watch:
        _watch(show)
    else:
        click.echo(show().text)
    return 0


def _searching(
    app: StreamQ,
    what: str | None,
    queues: list[str],
    page: views.Page,
    wanted: JobFilter,
    *,
    groups: bool,
) -> Callable[[], View] | None:
    """What looks where filters or --groups were given."""
    if not groups and wanted.is_empty:
        return None
    if groups:
        return lambda: search.dead_groups(app, queues, page)
    return lambda: search.found_jobs(app, what or "", queues, page, wanted)


def _check_filter(ctx: click.Context, what: str | None, wanted: JobFilter, *, groups: bool) -> None:
    if groups and (what != "dead" or not wanted.is_empty):
        raise click.UsageError("--groups is of dead jobs, all of them: inspect dead --groups", ctx)
    if wanted.is_empty:
        return
    if what not in {"pending", "ended", *views.PLACES}:
        raise click.UsageError(f"filters choose among jobs, not of inspect {what}", ctx)


def _show(
    app: StreamQ, what: str | None, job_id: str | None, queues: list[str], page: views.Page
) -> Callable[[], View]:
    """What looks, each time it's called."""
    if what == "schedules":
        from streamq.cli import inspect_schedules as schedules

        name = job_id
        return lambda: (
            schedules.one_schedule(app, name) if name else schedules.all_schedules(app, queues)
        )
    if job_id is not None:
        return lambda: views.one_job(app, job_id)
    if what == "workers":
        return lambda: views.all_workers(app, queues)
    if what == "limits":
        from streamq.cli.inspect_limits import all_limits

        return lambda: all_limits(app, queues, page.limit)
    if what in {None, "queues"}:
        return views.Queues(app, queues)
    return lambda: views.jobs(app, what or "", queues, page)


def _check(
    ctx: click.Context, what: str | None, job_id: str | None, *, as_json: bool, watch: bool
) -> None:
    if what is not None and what not in _SHOWS:
        from streamq.option_checks import nearest

        raise click.UsageError(f"nothing called {what!r}{nearest(what, _SHOWS)}", ctx)
    if what != "schedules" and (what == "job") != (job_id is not None):
        text = "which one? streamq inspect job ID" if what == "job" else f"unexpected {job_id!r}"
        raise click.UsageError(text, ctx)
    if as_json and watch:
        raise click.UsageError("--json prints one document; --watch prints many pictures", ctx)


def _watch(show: Callable[[], View]) -> None:
    from streamq.errors import BrokerUnavailable

    clear = sys.stdout.isatty()
    try:
        while True:
            try:
                text = show().text
            except BrokerUnavailable as error:  # it was there at first, and may come back
                text = f"no answer, asking again: {error}"
            click.echo(_over(text) if clear else f"{text}\n")
            time.sleep(_EVERY)
    except KeyboardInterrupt:  # how it is meant to end
        return


def _over(text: str) -> str:
    """A picture that takes the place of the last one, line by line: nothing flickers."""
    lines = "".join(f"{line}{_REST_OF_LINE}\n" for line in text.splitlines())
    return f"{_HOME}{lines}{_REST_OF_SCREEN}"

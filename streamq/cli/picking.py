"""Jobs to act on, picked by filters: options of a command, and what they let through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streamq.cli.choosing import filter_of, filter_options
from streamq.cli.wording import Duration, QueueName
from streamq.terminal import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streamq.app import StreamQ
    from streamq.inspection import JobFilter

F = TypeVar("F", bound="Callable[..., Any]")
PENDING = ("waiting", "scheduled", "parked", "running")
ENDED = ("succeeded", "cancelled", "expired")
_NO_END = 1 << 40  # jobs


@dataclass(frozen=True, slots=True)
class Pick:
    """What was said of the jobs that are meant."""

    wanted: JobFilter
    queues: tuple[str, ...] = ()  # empty: all
    older_than: float | None = None  # seconds since they died or ended
    limit: int | None = None
    everything: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        said = self.queues or self.everything or self.older_than is not None or self.limit
        return not said and self.wanted.is_empty


def pick_options(function: F) -> F:
    """Add the options that pick jobs to act on."""
    function = click.option(
        "--limit", type=click.IntRange(min=1), help="No more than so many, the newest of the dead."
    )(function)
    function = click.option(
        "-q", "--queue", "-Q", type=QueueName(), help="Of this queue, or several: a,b."
    )(function)
    return filter_options(function)


def older_option(function: F) -> F:
    """Add `--older-than`, for jobs that are over."""
    text = "Dead or ended for longer (1h, 2d, 90)."
    return click.option("--older-than", type=Duration(), help=text)(function)


def pick_of(ctx: click.Context, said: dict[str, Any], states: Iterable[str], verb: str) -> Pick:
    """What was said, taken out of the command's parameters; a state must be one of these."""
    wanted = filter_of(ctx, said)
    if wanted.state and wanted.state not in states:
        text = f"{verb} is of jobs that are {' or '.join(states)}, not {wanted.state}"
        raise click.UsageError(text, ctx)
    queue = said.pop("queue")
    return Pick(
        wanted,
        tuple(queue.split(",")) if queue else (),
        said.pop("older_than", None),
        said.pop("limit"),
        said.pop("everything", False),
    )


def check_pick(ctx: click.Context, ids: tuple[str, ...], pick: Pick) -> None:
    """Either ids or filters: a usage error says so."""
    if ids and not pick.is_empty:
        raise click.UsageError("give IDs, or filters; not both", ctx)
    if not ids and pick.is_empty:
        told = any(one.name == "everything" for one in ctx.command.params)
        text = "which ones? IDs, or filters: --task, --tag, --queue, …"
        raise click.UsageError(f"{text}, or --all" if told else text, ctx)


def pick_pending(app: StreamQ, pick: Pick, *, quiet: bool) -> list[str]:
    """Jobs that have not ended and are not dead: task and tag are looked for on the server."""
    from streamq import control

    found: list[str] = []
    with Bar(0, "looking: jobs", quiet=quiet) as bar:
        for one in _queues(app, pick):
            told = {"task": pick.wanted.task, "tag": pick.wanted.tag}
            found += control.find_pending(app, queue=one, progress=bar.at, **told)
    left = replace(pick.wanted, task=None, tag=None)
    return _fitting(app, found, pick, left, quiet=quiet)


def pick_dead(app: StreamQ, pick: Pick, *, quiet: bool) -> list[str]:
    """Dead jobs, the newest of each queue first."""
    from streamq import control

    wanted, found = pick.wanted, list[str]()
    left = replace(wanted, task=None, error=None, state=None)  # which isn't known yet of these
    for one in _queues(app, pick):
        found += control.find_dead(
            app,
            queue=one,
            task=wanted.task,
            error=wanted.error,
            older_than=pick.older_than,
            limit=pick.limit if left.is_empty else None,
        )
    return _fitting(app, found, pick, left, quiet=quiet)


def pick_over(app: StreamQ, pick: Pick, *, quiet: bool) -> list[str]:
    """Dead jobs, and those that ended otherwise and have a summary."""
    found: list[str] = []
    if pick.wanted.state in {None, "dead"}:
        found = pick_dead(app, pick, quiet=quiet)
    if pick.wanted.state != "dead":
        found += _ended(app, pick)
    return list(dict.fromkeys(found))[: pick.limit]


def _ended(app: StreamQ, pick: Pick) -> list[str]:
    from datetime import UTC, datetime, timedelta

    from streamq import inspection

    wanted = pick.wanted
    if pick.older_than is not None:
        before = datetime.now(UTC) - timedelta(seconds=pick.older_than)
        wanted = replace(wanted, until=min(before, wanted.until or before))
    queues = list(pick.queues) or [one.queue for one in inspection.queues(app)]
    jobs = inspection.search(app, queues, (), wanted, limit=_NO_END, budget=None)
    return [job.id for job in jobs if str(job.state) in ENDED]


def _queues(app: StreamQ, pick: Pick) -> list[str | None]:
    """Each that was named, or None: all."""
    from streamq import inspection
    from streamq.cli.inspect_views import check_queues

    if not pick.queues:
        return [None]
    check_queues(list(pick.queues), [one.queue for one in inspection.queues(app)])
    return list(pick.queues)


def _fitting(
    app: StreamQ, found: list[str], pick: Pick, wanted: JobFilter, *, quiet: bool
) -> list[str]:
    """What else was asked for, looked for in each of them."""
    from streamq import inspection

    if found and not wanted.is_empty:
        with Bar(len(found), "looking: jobs", quiet=quiet) as bar:
            found = inspection.fitting(app, found, wanted, bar.at)
    return found[: pick.limit]

"""Switches of `celery worker`: accepted, and what each means here said in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ

F = TypeVar("F", bound="Callable[..., Any]")

_APART = "workers don't talk to each other: Redis knows all there is to know"
_EVENTS = "there is no stream of events; streamq inspect shows what happens"
_PREFETCH = "a worker claims no more than it starts within 50 ms"
_BEAT = "there is no beat process: workers keep the schedules themselves"
_STDERR = "the log goes to stderr, for whoever starts the worker to keep"
_BACKEND = "results are kept in the broker"

# Switch, and why it has no effect. With a value where it takes one in Celery.
MEANINGLESS: dict[tuple[str, ...], str] = {
    ("--without-gossip",): _APART,
    ("--without-mingle",): _APART,
    ("--without-heartbeat",): _APART,
    ("-E", "--task-events", "--events"): _EVENTS,
    ("--disable-prefetch",): _PREFETCH,
    ("-B", "--beat"): _BEAT,
    ("--no-color", "-C"): "the log has no colours",
    ("--skip-checks",): "streamq check is a command of its own",
}
MEANINGLESS_VALUES: dict[tuple[str, ...], str] = {
    ("--heartbeat-interval",): _APART,
    ("--prefetch-multiplier",): _PREFETCH,
    ("-O", "--optimization"): _PREFETCH,
    ("-s", "--schedule", "--schedule-filename"): _BEAT,
    ("--scheduler",): _BEAT,
    ("-S", "--statedb"): "what was revoked is known to Redis",
    ("-f", "--logfile"): _STDERR,
    ("--pidfile",): "none is written; systemd and others know the process that they start",
    ("--executable",): "worker processes run the Python that this one does",
    ("--umask",): "the worker writes no files",
    ("--result-backend",): _BACKEND,
    ("--loader",): "-A names the application",
}
# Switches without which a worker would not be what was asked for.
REFUSED: dict[tuple[str, ...], str] = {
    ("-D", "--detach"): "a worker stays in the foreground; systemd, docker or `&` detach it",
    ("--purge", "--discard"): "streamq cancel --queue QUEUE takes back what waits in a queue",
}
REFUSED_VALUES: dict[tuple[str, ...], str] = {
    ("--uid",): "start it as that user",
    ("--gid",): "start it as that group",
    ("--workdir",): "start it in that folder",
    ("--config",): "write app.config_from_object('celeryconfig') in the application's module",
}
# -P, and what runs where. No word: nothing needs saying.
POOLS = {
    "threads": "",
    "solo": "one job at a time",
    "prefork": "plain tasks run on threads of one process; --processes N makes several, and "
    '@app.task(pool="process") runs a task in child processes',
    "processes": "as prefork",
    "asyncio": "async tasks run on the event loop in any case; --async-concurrency bounds them",
    "gevent": "plain tasks run on threads, async ones on the event loop; nothing is patched",
    "eventlet": "as gevent",
}


# Switches of the worker that `flags_of` reads.
SWITCHES = (
    *("pool", "exclude_queues", "include", "autoscale"),
    *("max_tasks_per_child", "time_limit", "soft_time_limit"),
)


def celery_switches(function: F) -> F:
    """Add them all, hidden from --help."""
    for table, is_flag, callback in (
        (MEANINGLESS, True, _say),
        (MEANINGLESS_VALUES, False, _say),
        (REFUSED, True, _refuse),
        (REFUSED_VALUES, False, _refuse),
    ):
        for names in table:
            function = click.option(
                *names,
                _parameter(names),
                is_flag=is_flag,
                default=None,
                hidden=True,
                expose_value=False,
                callback=callback,
            )(function)
    return function


def _parameter(names: tuple[str, ...]) -> str:
    return "celery_" + max(names, key=len).strip("-").replace("-", "_")


def _say(_: click.Context, parameter: click.Parameter, given: Any) -> None:
    if given:
        why = {**MEANINGLESS, **MEANINGLESS_VALUES}[tuple(parameter.opts)]
        say(f"{max(parameter.opts, key=len)} has no effect: {why}.")


def _refuse(_: click.Context, parameter: click.Parameter, given: Any) -> None:
    if given:
        why = {**REFUSED, **REFUSED_VALUES}[tuple(parameter.opts)]
        raise click.UsageError(f"{max(parameter.opts, key=len)} is not here: {why}.")


def say(line: str) -> None:
    """A line for people, beside the log."""
    click.echo(line, err=True)


def pool(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    """Check -P and say what it means."""
    if given is None:
        return None
    if given not in POOLS:
        from streamq.option_checks import nearest

        raise click.BadParameter(f"no pool {given!r}{nearest(given, POOLS)}")
    if meaning := POOLS[given]:
        also = POOLS[meaning.removeprefix("as ")] if meaning.startswith("as ") else meaning
        say(f"-P {given}: {also}.")
    return given


def autoscale(_: click.Context, __: click.Parameter, given: str | None) -> int | None:
    """The larger number of --autoscale: as many threads as that, which cost nothing when idle."""
    if given is None:
        return None
    try:
        most = max(int(part) for part in given.split(","))
    except ValueError:
        raise click.BadParameter(f"{given!r} is no MAX,MIN: --autoscale 10,3") from None
    if most < 1:
        raise click.BadParameter("at least one")
    say(f"--autoscale {given}: as -c {most}; threads that have nothing to do cost nothing.")
    return most


def flags_of(
    app: StreamQ, switches: dict[str, Any], named: tuple[str, ...] | None
) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    """Settings that Celery's switches stand for, and the queues to serve (None: all)."""
    flags: dict[str, Any] = {}
    if switches["pool"] == "solo":
        flags |= {"concurrency": 1, "async_concurrency": 1, "process_concurrency": 1}
    if switches["autoscale"]:
        flags["concurrency"] = switches["autoscale"]
    if switches["max_tasks_per_child"]:
        say("--max-tasks-per-child: of child processes; --max-jobs replaces the worker process.")
        flags["max_jobs_per_child"] = switches["max_tasks_per_child"]
    for name in ("time_limit", "soft_time_limit"):
        if switches[name]:
            flags[f"task_{name}"] = switches[name]
    if switches["include"]:
        flags["include"] = tuple(switches["include"].split(","))
    if switches["exclude_queues"]:
        without = set(switches["exclude_queues"].split(","))
        named = tuple(one for one in named or app.queues() if one not in without)
        if not named:
            raise click.UsageError("-X leaves no queue to serve.")
    return flags, named

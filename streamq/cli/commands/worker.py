"""`streamq worker`: runs jobs until told to stop."""

from __future__ import annotations

from typing import Any

import click

from streamq.cli.celery_switches import SWITCHES, autoscale, celery_switches, flags_of, pool
from streamq.cli.steering_workers import steer
from streamq.cli.target import application, meet_server, target_options
from streamq.cli.wording import Duration, QueueName, WorkerName

_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
_ANY = click.IntRange(min=1)


@click.command(short_help="Run jobs until told to stop.")
@click.argument("words", nargs=-1, metavar="[quiet|resume|stop NAME...]")
@click.option("-Q", "--queues", "-q", type=QueueName(), help="a,b: only these, in turn.")
@click.option("-c", "--concurrency", type=click.IntRange(1, 10_000), help="Plain tasks at once.")
@click.option("--async-concurrency", type=click.IntRange(1, 100_000), help="Async tasks at once.")
@click.option("--process-concurrency", type=click.IntRange(1, 1000), help="Child processes.")
@click.option("--processes", type=click.IntRange(1, 1000), help="Each with all of -c.")
@click.option(
    *("-n", "--name", "--hostname"),
    "name",
    type=WorkerName(),
    help="Begins workers' names; %h is the host.",
)
@click.option(
    "-l",
    "--loglevel",
    type=click.Choice(_LEVELS, case_sensitive=False),
    help="INFO has a line for each job.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="The shape of log lines.")
@click.option("--grace", type=Duration(), help="How long jobs get to end at shutdown.")
@click.option("--lease", type=Duration(), help="After which a silent worker's jobs run elsewhere.")
@click.option("--burst", is_flag=True, help="End when nothing is left to do.")
@click.option("--max-jobs", type=_ANY, help="Replace a worker process after so many.")
@click.option("--max-memory", type=_ANY, help="MiB above which it is replaced.")
@click.option("--max-jobs-per-child", type=_ANY, help="The same of child processes.")
@click.option("--max-memory-per-child", type=_ANY, help="The same of child processes.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), help="Serve /metrics there.")
@click.option("--health-port", type=click.IntRange(1, 65535), help="Serve /health there.")
@click.option(
    "--watch-host",
    default="127.0.0.1",
    show_default=True,
    help="Where these two listen; 0.0.0.0 for a cluster's probes.",
)
@click.option("--wait", is_flag=True, help="Wait for a server that isn't there yet.")
@click.option("--reload", is_flag=True, help="Replace processes when code changes.")
@click.option("-P", "--pool", callback=pool, help="Celery's pools; says what each means here.")
@click.option("-X", "--exclude-queues", type=QueueName(), help="a,b: all queues but these.")
@click.option("-I", "--include", help="a,b: modules with tasks, of a Celery application.")
@click.option("--autoscale", callback=autoscale, hidden=True)
@click.option("--max-tasks-per-child", type=_ANY, hidden=True)
@click.option("--time-limit", type=float, hidden=True)
@click.option("--soft-time-limit", type=float, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Of quiet, resume, stop: one JSON document.")
@celery_switches
@target_options
@click.pass_context
def command(ctx: click.Context, /, *, words: tuple[str, ...], as_json: bool, **said: Any) -> int:
    """Run the jobs of an application's queues until told to stop (Ctrl-C, SIGTERM).

    Then running jobs get --grace seconds to end; what has not ended is handed back.

    quiet, resume and stop are for workers that run, wherever they do, by the NAME that inspect
    workers shows: claim nothing more, claim again, end.
    """
    return steer(ctx, words, as_json=as_json) if words else _work(ctx, **said)


def _work(
    ctx: click.Context,
    *,
    queues: str | None,
    name: str | None,
    burst: bool,
    wait: bool,
    reload: bool,
    metrics_port: int | None,
    health_port: int | None,
    watch_host: str,
    **settings: Any,
) -> int:
    app = application(ctx, required=True)
    switches = {name: settings.pop(name) for name in SWITCHES}
    flags, named = flags_of(app, switches, tuple(queues.split(",")) if queues else None)
    app.conf.set_flags(**{**settings, **flags})
    from streamq.embedded_default import is_embedded

    if not (wait or is_embedded(app.conf)):  # that one is started by the worker, which says so
        meet_server(app, starts=True)
    from streamq.worker import WorkerOptions, supervise

    options = WorkerOptions(queues=named, name=name, burst=burst, wait=wait, reload=reload)
    if metrics_port is None and health_port is None:
        return supervise(app, options)
    from streamq.cli.watching import serve_beside

    with serve_beside(app, watch_host, metrics_port, health_port):
        return supervise(app, options)

"""`streamq` itself: its commands by name, each imported when it is called."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from streamq.cli.failures import USAGE, report
from streamq.cli.project import check_command, defaults
from streamq.cli.target import Target, target_options
from streamq.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

# Name, and the help that `--help` prints without importing the command.
COMMANDS = {
    "worker": "Run jobs until told to stop.",
    "inspect": "Show queues, jobs and workers.",
    "stats": "What was done, how fast.",
    "metrics": "Serve or print metrics for Prometheus.",
    "health": "Do workers claim what waits?",
    "cancel": "Cancel jobs, also those that run.",
    "job": "Retry, cancel or delete jobs.",
    "dead": "Run dead jobs again, or delete them.",
    "queue": "Pause, resume, purge or drain a queue.",
    "limit": "Show limits, change them now.",
    "call": "Enqueue one job.",
    "schedule": "List schedules, or change them.",
    "check": "Check configuration, server and queues.",
    "completion": "Completion for bash, zsh or fish.",
    "embedded": "Look at the embedded server, or stop it.",
    "demo": "A real little workload, start to finish.",
}


# Celery's commands that have another name here, or none.
CELERYS = {
    "beat": ": there is no beat process; workers keep the schedules themselves",
    "status": "; use streamq inspect workers",
    "events": "; use streamq inspect --watch",
    "flower": "; use streamq inspect --watch",
    "report": "; use streamq check",
    "purge": "; use streamq queue purge QUEUE",
    "result": "; use streamq inspect job ID",
    "control": "; use streamq cancel, or signals",
    "multi": ": start several workers, or one with --processes N",
    "shell": ": python -i module.py has the application",
    "list": "; use streamq inspect",
    "graph": ": there are no graphs of workers",
    "amqp": ": there is no AMQP",
    "migrate": ": there is one broker",
    "upgrade": ": settings have the names that they have in Celery",
    "logtool": ": the worker's log has a line for each job",
}


class LazyGroup(click.Group):
    """A group whose commands live in `streamq.cli.commands.<name>` as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """In the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        found = import_module(f"streamq.cli.commands.{cmd_name}").command
        assert isinstance(found, click.Command)  # noqa: S101 - our own modules
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say which command may have been meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from streamq.option_checks import nearest

            why = CELERYS.get(name) or nearest(name, COMMANDS)
            raise click.UsageError(f"no command {name!r}{why}", ctx)
        resolved = super().resolve_command(ctx, args)
        if resolved[1] is not None and ctx.default_map and name in ctx.default_map:
            check_command(ctx.default_map[name], name, resolved[1])
        return resolved

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the commands' short helps."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's
    if wanted:
        click.echo(f"streamq {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@target_options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def root(ctx: click.Context) -> None:
    """A job queue on Redis Streams.

    -A, --broker and --namespace may stand before or after the command.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command; whatever goes wrong is at most six lines on stderr and an exit code."""
    if sys.stdout is None:  # closed by whoever started it, as in `>&-`
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names may be what a terminal can't show
    try:
        arguments: dict[str, Any] = {"obj": Target(), "standalone_mode": False}
        arguments |= {"default_map": defaults(COMMANDS), "auto_envvar_prefix": "STREAMQ"}
        answer = root.main(args=argv, prog_name="streamq", **arguments)
    except BaseException as error:  # noqa: BLE001 - this is where errors end
        return report(error)
    return answer if isinstance(answer, int) else 0

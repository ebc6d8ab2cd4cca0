"""`streamq embedded`: looks at this user's embedded server, or ends it; starts none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from streamq.cli.documents import print_document
from streamq.cli.failures import BAD_ANSWER
from streamq.cli.target import application, target_options

if TYPE_CHECKING:
    from pathlib import Path

    from streamq.embedded import EmbeddedStatus


@click.command(short_help="Look at the embedded server, or stop it.")
@click.argument("action", type=click.Choice(["status", "stop"]))
@click.option("--data-dir", type=click.Path(file_okay=False), help="Not the one in use here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@target_options
@click.pass_context
def command(ctx: click.Context, *, action: str, data_dir: str | None, as_json: bool) -> int:
    """Look at the embedded server (status), or end it (stop).

    Its data stays. Status has exit code 1 where it doesn't run.
    """
    from pathlib import Path

    from streamq import embedded

    folder = Path(data_dir) if data_dir is not None else _folder(ctx)
    if action == "stop":
        stopped = embedded.stop(folder)
        if as_json:
            print_document({"stopped": stopped})
        else:
            click.echo("Stopped; its data stays." if stopped else "Nothing was running here.")
        return 0
    status = embedded.status(folder)
    if as_json:
        print_document({"embedded": _document(status)})
    else:
        click.echo(_text(status))
    return 0 if status is not None and status.running else BAD_ANSWER


def _folder(ctx: click.Context) -> Path:
    """The directory that the application or the options name, else the user's own."""
    from streamq.embedded import default_data_dir
    from streamq.embedded_default import embedded_directory

    conf = application(ctx).conf
    named = conf.broker is not None and conf.broker.startswith("embedded:")
    return embedded_directory(conf) if named else default_data_dir()


def _document(status: EmbeddedStatus | None) -> dict[str, object] | None:
    if status is None:
        return None
    return {
        "running": status.running,
        "phase": status.phase,
        "message": status.message,
        "version": status.version,
        "socket": str(status.socket_path) if status.socket_path else None,
        "data_dir": str(status.data_dir),
        "log": str(status.log_path),
        "pid": status.pid,
        "keeper_pid": status.keeper_pid,
        "clients": status.clients,
        "size_bytes": status.size_bytes,
    }


def _text(status: EmbeddedStatus | None) -> str:
    from streamq.inspection import nothing_runs

    if status is None or not status.running:
        said = f"\n{status.message}" if status is not None and status.message else ""
        return nothing_runs(status) + said
    return (
        f"Running: {status.version}, process {status.pid}, {status.clients} clients\n"
        f"socket  {status.socket_path}\n"
        f"data    {status.data_dir} ({status.size_bytes / 1e6:,.1f} MB)\n"
        f"log     {status.log_path}" + (f"\n{status.message}" if status.message else "")
    )

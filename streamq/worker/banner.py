"""What a worker says when it starts: where it works, on what, and how safe that is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from streamq.errors import StreamQError
from streamq.version import __version__
from streamq.worker.options import processes_of, size_of

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.client import ServerInfo
    from streamq.worker.options import Size, WorkerOptions

SHOWN = 6  # tasks, queues

_DURABILITY = {
    "always": "each change is on disk before it is confirmed (appendfsync always)",
    "everysec": "a crash of the server can lose its last second (appendfsync everysec)",
    "no": "a crash of the server can lose what the system had not written (appendfsync no)",
    None: "an append-only file is written",
}


def show(app: StreamQ, options: WorkerOptions) -> None:
    """Print the banner to stderr, where the log goes, too."""
    if (options.log_format or app.conf.log_format) == "json":
        return  # nothing but JSON, for who reads it with a program
    sys.stderr.write("\n".join(lines(app, options)) + "\n")
    sys.stderr.flush()


def lines(app: StreamQ, options: WorkerOptions) -> list[str]:
    """The banner, at most 12 lines."""
    size = size_of(app, options)
    client = app.client
    facts = [("application", app.name)]
    try:
        info = client.server_info()
    except StreamQError as error:  # it may not tell us; it still may let us work
        facts += [("server", f"{client.where} ({str(error).splitlines()[0]})")]
    else:
        facts += [("server", f"{info.title} at {client.where}"), ("durability", durability(info))]
    if not isinstance(client.url, str):
        data = getattr(client.url, "data_dir", None)
        facts.append(("embedded", f"a private server of this user; its data lies in {data}"))
    facts += [
        ("queues", _listed(list(size.queues))),
        ("tasks", f"{len(app.tasks)}: {_listed(sorted(app.tasks))}" if app.tasks else "none"),
        ("concurrency", _concurrency(size, processes_of(app, options))),
    ]
    return [f"streamq {__version__} worker"] + [f"  {name:<12} {value}" for name, value in facts]


def durability(info: ServerInfo) -> str:
    """How safe a job is there, in words."""
    if info.aof:
        return _DURABILITY.get(info.appendfsync, _DURABILITY[None])
    return "none that we see: jobs end with the server's process, but for its snapshots"


def _concurrency(size: Size, processes: int) -> str:
    each = f"{size.threads} threads, {size.async_concurrency} async tasks"
    return each if processes == 1 else f"{processes} processes with {each} each"


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")

"""A worker process: `python -m streamq.worker.process FD`, started by the supervisor.

A fresh interpreter rather than a fork: sockets, locks and threads of the supervisor stay there.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamq.errors import SchemaMismatch, StreamQError
from streamq.worker import application, frames, logs
from streamq.worker.exits import FAILED, NOT_CONFIGURED
from streamq.worker.identity import new_name
from streamq.worker.link import Link
from streamq.worker.signals import stop_on_signals
from streamq.worker.worker import Worker

if TYPE_CHECKING:
    from streamq.app import StreamQ

log = logging.getLogger("streamq.worker")

ALONE_S = 3.0  # beyond the grace, where no supervisor is left to be sure of the end
EXIT_S = 0.5  # that what the jobs left behind gets, to end with the interpreter


def main() -> None:
    """Work until told to stop; the first argument is the number of the socket to the supervisor."""
    faulthandler.enable()  # a crash in C names its line
    sock = socket.socket(fileno=int(sys.argv[1]))
    birth = frames.receive(sock)
    restore_path(birth)
    try:
        app = application.find(birth["app"])
    except Exception as error:  # noqa: BLE001 - whatever the user's modules raise
        sys.stderr.write(f"{birth['app']['location']} can't be imported: {error!r}\n")
        sys.exit(NOT_CONFIGURED)
    logs.configure(birth["loglevel"], birth["log_format"])  # where the application hasn't
    logging.getLogger("streamq.embedded").setLevel(logging.ERROR)  # the supervisor has said which
    code = 0
    try:
        has_left = asyncio.new_event_loop().run_until_complete(_work(app, birth, sock))
    except Exception as error:
        kind = "" if isinstance(error, StreamQError) else "unexpectedly: "
        log.critical("the worker ends %s%s", kind, error, exc_info=error if kind else None)
        # Another data model stays what it is; all else may be better next time.
        has_left, code = False, NOT_CONFIGURED if isinstance(error, SchemaMismatch) else FAILED
    _exit(code, at_once=has_left)


def restore_path(birth: dict[str, Any]) -> None:
    """The variable that let this process find streamq is not for the programs that jobs start."""
    if birth["pythonpath"] is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = birth["pythonpath"]


async def _work(app: StreamQ, birth: dict[str, Any], sock: socket.socket) -> bool:
    """Returns whether jobs were left on threads."""
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def orphaned() -> None:
        stop.set()
        _end_by(birth["worker"]["grace"] + ALONE_S)

    link = Link(sock, orphaned)
    with stop_on_signals(stop, hurry):
        worker = Worker(app, **birth["worker"], name=new_name(birth["name"]), link=link)
        await link.open(worker.name)
        try:
            await worker.serve(stop, hurry)
        finally:
            with suppress(Exception):
                await app.client.aclose()
            await loop.shutdown_asyncgens()
    await link.close()
    return bool(worker.left)


def _exit(code: int, *, at_once: bool) -> None:
    """End, whatever threads and exit handlers of the jobs think of it."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    if at_once:
        os._exit(code)
    _end_by(EXIT_S, code)
    sys.exit(code)


def _end_by(seconds: float, code: int = FAILED) -> None:
    """End then at the latest, whatever still goes on."""
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()

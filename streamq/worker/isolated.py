"""A process that runs one job at a time: `python -m streamq.worker.isolated FD`.

It imports the application, runs the jobs that come, and says how each ended. It knows no server.
It ends with its worker: nobody would hear of its outcomes.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import socket
import sys
import threading
import time
from contextvars import Context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from streamq.job_reading import pack_progress
from streamq.worker import application, frames, logs
from streamq.worker.exits import NOT_CONFIGURED
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks
from streamq.worker.memory import resident_mib
from streamq.worker.runner import Runner

if TYPE_CHECKING:
    from streamq.app import StreamQ
    from streamq.job import Progress
    from streamq.worker.held import Ended, Held


def main() -> None:
    """Run the jobs that come in on the socket of which the first argument is the number."""
    faulthandler.enable()  # a crash in C names its line
    sock = socket.socket(fileno=int(sys.argv[1]))
    birth = frames.receive(sock)
    try:
        app = application.find(birth["app"])
    except Exception as error:  # noqa: BLE001 - whatever the user's modules raise
        sys.stderr.write(f"streamq: {birth['app']['location']} can't be imported: {error!r}\n")
        os._exit(NOT_CONFIGURED)
    logs.configure(birth["loglevel"], birth["log_format"])  # where the application hasn't
    jobs: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(sock, jobs), daemon=True).start()
    _serve(app, sock, jobs)


def _serve(app: StreamQ, sock: socket.socket, jobs: SimpleQueue[Any]) -> None:
    lock = threading.Lock()  # a job may report progress from threads of its own

    def say(*message: object) -> None:
        with lock:
            sock.sendall(frames.pack(message))

    def progress(_held: Held, progress: Progress) -> None:
        say("progress", pack_progress(progress))

    loop = asyncio.new_event_loop()  # one for all jobs: what they keep open may belong to it
    asyncio.set_event_loop(loop)
    runner = Runner(known_tasks(app), app.codec, app.conf.max_result_bytes, progress)
    job_log = JobLog()
    while True:
        held = frames.held_from_wire(jobs.get(), time.monotonic())
        say("began")
        ended = Context().run(_run, runner, held, loop)
        job_log.ended([ended])
        sys.stdout.flush()
        sys.stderr.flush()
        say("ended", frames.ended_to_wire(ended), resident_mib())


def _run(runner: Runner, held: Held, loop: asyncio.AbstractEventLoop) -> Ended:
    known = runner.tasks.get(held.job.record.task)
    if known is not None and known.is_async:
        return loop.run_until_complete(runner.run_async(held, lambda: False))
    return runner.run(held)


def _listen(sock: socket.socket, jobs: SimpleQueue[Any]) -> None:
    """Take jobs in; at the end of the socket end the process, whatever its jobs left behind."""
    try:
        while True:
            jobs.put(frames.receive(sock))
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()

"""A process of its own for one job: `python -m streamq.worker.isolated FD`.

It imports the application, runs the job, and says how it ended. It knows no server. It ends with
its worker: nobody would hear of its outcome.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from streamq.job_reading import pack_progress
from streamq.worker import application, frames, logs
from streamq.worker.exits import NOT_CONFIGURED
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks
from streamq.worker.runner import Runner

if TYPE_CHECKING:
    from streamq.job import Progress
    from streamq.worker.held import Ended, Held


def main() -> None:
    """Run the job that comes in on the socket of which the first argument is the number."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    birth, wire = frames.receive(sock)
    try:
        app = application.find(birth["app"])
    except Exception as error:  # noqa: BLE001 - whatever the user's modules raise
        sys.stderr.write(f"streamq: {birth['app']['location']} can't be imported: {error!r}\n")
        os._exit(NOT_CONFIGURED)
    logs.configure(birth["loglevel"], birth["log_format"])  # where the application hasn't
    threading.Thread(target=_end_with_worker, args=(sock,), daemon=True).start()
    lock = threading.Lock()

    def say(*message: object) -> None:
        with lock:
            sock.sendall(frames.pack(message))

    def progress(_held: Held, progress: Progress) -> None:
        say("progress", pack_progress(progress))

    say("ready")
    held = frames.held_from_wire(wire, time.monotonic())
    runner = Runner(known_tasks(app), app.codec, app.conf.max_result_bytes, progress)
    ended = _run(runner, held)
    JobLog().ended([ended])
    say("ended", frames.ended_to_wire(ended))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that the job left behind don't keep it


def _run(runner: Runner, held: Held) -> Ended:
    known = runner.tasks.get(held.job.record.task)
    if known is not None and known.is_async:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(runner.run_async(held, lambda: False))
    return runner.run(held)


def _end_with_worker(sock: socket.socket) -> None:
    while sock.recv(1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()

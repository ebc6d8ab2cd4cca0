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

from streamq.operations import CHUNKS
from streamq.worker import application, frames, logs
from streamq.worker.exits import NOT_CONFIGURED
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks
from streamq.worker.memory import resident_mib
from streamq.worker.runner import Runner
from streamq.worker.trails import Quota

if TYPE_CHECKING:
    from streamq.app import StreamQ
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
    speech = Speech(sock)
    threading.Thread(target=_listen, args=(sock, jobs, speech.answers), daemon=True).start()
    _serve(app, speech, jobs)


class Speech:
    """What the jobs of this process say, on its way to the worker."""

    def __init__(self, sock: socket.socket) -> None:
        self.answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._sock = sock
        self._lock = threading.Lock()  # a job may have threads of its own
        self._asking = threading.Lock()
        self._quota: tuple[str, Quota] = ("", Quota())  # of the job that runs

    def tell(self, *message: object) -> None:
        """Send a message."""
        with self._lock:
            self._sock.sendall(frames.pack(message))

    def progress(self, _held: Held, packed: bytes) -> None:
        """Pass it on."""
        self.tell("progress", packed)

    def say(self, held: Held, kind: str, packed: bytes, keep_ms: int) -> None:
        """Pass it on; what is too much is refused here, where the job hears of it."""
        if kind == CHUNKS:
            with self._lock:
                if self._quota[0] != held.lease.token + held.job.id:
                    self._quota = (held.lease.token + held.job.id, Quota())
                self._quota[1].take(len(packed), held.job.id)
        self.tell("say", kind, packed, keep_ms)

    def checkpoint(self, _held: Held, packed: bytes) -> bool:
        """Wait until the worker says that it is kept."""
        with self._asking:
            self.tell("checkpoint", packed)
            return bool(self.answers.get()["kept"])

    async def acheckpoint(self, held: Held, packed: bytes) -> bool:
        """As `checkpoint`; a thread waits, so that the loop goes on."""
        return await asyncio.to_thread(self.checkpoint, held, packed)


def _serve(app: StreamQ, speech: Speech, jobs: SimpleQueue[Any]) -> None:
    say = speech.tell
    loop = asyncio.new_event_loop()  # one for all jobs: what they keep open may belong to it
    asyncio.set_event_loop(loop)
    runner = Runner(known_tasks(app), app.codec, app.conf.max_result_bytes, speech)
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


def _listen(sock: socket.socket, jobs: SimpleQueue[Any], answers: SimpleQueue[Any]) -> None:
    """Take jobs in, and answers to what they ask; at the end of the socket end the process."""
    try:
        while True:
            message = frames.receive(sock)
            (answers if isinstance(message, dict) else jobs).put(message)
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()

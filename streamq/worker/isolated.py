"""A process that runs one job at a time: `python -m streamq.worker.isolated FD`.

It imports the application, runs the jobs that come, and says how each ended. It knows no server.
It ends with its worker: nobody would hear of its outcomes.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from contextvars import Context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from streamq.operations import CHUNKS
from streamq.worker import application, frames, logs
from streamq.worker.exits import NOT_CONFIGURED
from streamq.worker.interrupting import INSIDE, Why
from streamq.worker.job_log import JobLog
from streamq.worker.known import known_tasks
from streamq.worker.lifespan import lifespans
from streamq.worker.loop_tasks import see_through
from streamq.worker.memory import resident_mib
from streamq.worker.runner import Runner
from streamq.worker.trails import Quota

STOP_SIGNAL = signal.SIGURG  # does nothing where nobody listens; in wide use by nobody else

if TYPE_CHECKING:
    from types import FrameType

    from streamq.app import StreamQ
    from streamq.worker.held import Ended, Held


AGAIN_S = 0.02  # until a job is looked at once more whose function hadn't begun
END_S = 0.9  # that closing what was opened gets; the worker waits a second


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
    stop = Stop()
    listening = (sock, jobs, speech.answers, stop)
    threading.Thread(target=_listen, args=listening, daemon=True).start()
    _serve(app, speech, jobs, stop)


class Stop:
    """Stops the job that runs: a signal has the main thread look, also out of a call that waits."""

    def __init__(self) -> None:
        self._held: Held | None = None  # what runs
        self._task: asyncio.Task[Any] | None = None  # which it does there, where it is async
        self._asked: dict[str, Why] = {}  # by job; some may not have begun
        signal.signal(STOP_SIGNAL, self._look)

    def begin(self, held: Held, task: asyncio.Task[Any] | None = None) -> None:
        """This job begins."""
        self._held, self._task = held, task
        if self._asked:
            self._look_soon()

    def end(self) -> None:
        """It has ended."""
        self._held = self._task = None
        self._asked.clear()

    @property
    def is_idle(self) -> bool:
        """Whether no job runs."""
        return self._held is None

    def ask(self, job_id: str, why: Why) -> None:
        """Stop this job, or see that it stops as soon as it has begun; from any thread."""
        self._asked[job_id] = why
        self._signal()

    @staticmethod
    def _signal() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, STOP_SIGNAL)

    def _look_soon(self) -> None:
        timer = threading.Timer(AGAIN_S, self._signal)
        timer.daemon = True
        timer.start()

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        held = self._held
        why = self._asked.get(held.job.id) if held is not None else None
        if held is None or why is None:
            return
        if self._task is not None:
            held.told = why
            self._task.get_loop().call_soon_threadsafe(self._task.cancel, why.value)
        elif held.thread:
            held.told = why
        else:  # its function has ended, or is about to begin
            self._look_soon()
            return
        del self._asked[held.job.id]
        if self._task is None:
            raise INSIDE[why]


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

    def limit(self, _held: Held, soft_s: float, hard_s: float) -> None:
        """The worker keeps the time, and says when it is over."""
        self.tell("limit", soft_s, hard_s)

    def extend(self, _held: Held, seconds: float) -> None:
        """Pass it on."""
        self.tell("extend", seconds)

    def checkpoint(self, _held: Held, packed: bytes) -> bool:
        """Wait until the worker says that it is kept."""
        with self._asking:
            self.tell("checkpoint", packed)
            return bool(self.answers.get()["kept"])

    async def acheckpoint(self, held: Held, packed: bytes) -> bool:
        """As `checkpoint`; a thread waits, so that the loop goes on."""
        return await asyncio.to_thread(self.checkpoint, held, packed)


def _serve(app: StreamQ, speech: Speech, jobs: SimpleQueue[Any], stop: Stop) -> None:
    say = speech.tell
    loop = asyncio.new_event_loop()  # one for all jobs: what they keep open may belong to it
    asyncio.set_event_loop(loop)
    hooks = app.runtime.hooks
    runner = Runner(known_tasks(app), app.codec, app.conf.max_result_bytes, speech, hooks)
    job_log = JobLog()
    opened = lifespans(app)
    loop.run_until_complete(opened.__aenter__())
    with suppress(BrokenPipeError, ConnectionResetError):  # the worker was killed: nobody hears it
        while (wire := jobs.get()) is not None:
            held = frames.held_from_wire(wire, time.monotonic())
            stop.begin(held)
            say("began")
            ended = Context().run(_run, runner, held, loop, stop)
            stop.end()
            job_log.ended([ended])
            sys.stdout.flush()
            sys.stderr.flush()
            say("ended", frames.ended_to_wire(ended), resident_mib())
    loop.run_until_complete(opened.__aexit__(None, None, None))
    sys.stdout.flush()
    os._exit(0)


def _run(runner: Runner, held: Held, loop: asyncio.AbstractEventLoop, stop: Stop) -> Ended:
    known = runner.tasks.get(held.job.record.task)
    if known is None or not known.is_async:
        return runner.run(held)
    task = loop.create_task(see_through(held, runner.run_async(held, lambda: False)))
    stop.begin(held, task)
    return loop.run_until_complete(task)


def _listen(
    sock: socket.socket, jobs: SimpleQueue[Any], answers: SimpleQueue[Any], stop: Stop
) -> None:
    """Take jobs in, and answers to what they ask; at the end of the socket end the process."""
    try:
        while True:
            message = frames.receive(sock)
            if isinstance(message, list):
                jobs.put(message)
            elif why := message.get("stop"):
                stop.ask(message["id"], Why(why))
            else:
                answers.put(message)
    except (EOFError, OSError):
        if stop.is_idle:
            jobs.put(None)  # what it opened is closed
            time.sleep(END_S)
        os._exit(0)


if __name__ == "__main__":
    main()

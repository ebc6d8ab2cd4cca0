"""Row 11: told to stop, in whatever state, by whatever signal: in time, and nothing lost.

Each case is a real worker with a queue of its own. It must end within its grace and two seconds;
what it had begun and not ended must be claimable at once, with no attempt and no crash counted.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from streamq import Concurrency, StreamQ, operations
from streamq.client import Client
from streamq.keys import queue_keys
from tests.auditing import audit_violations
from tests.faults import stopping_app
from tests.faults.harness import Figures, Ground, Row
from tests.faults.journal import FOLDER, read
from tests.proxy import Proxy
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import Watchdog, end
from tests.waiting import BUSY_S, wait_until
from tests.worker.rig import children_of

GRACE_S = 1.0
LIMIT_S = GRACE_S + 2.0
ALONGSIDE = 3

# What is sent, and how many of each before the state is right to stop in.
STATES: dict[str, tuple[tuple[str, int], ...]] = {
    "idle": (),
    "a thread that ends in time": (("brief", 1),),
    "threads that do not end": (("stays", 2),),
    "async jobs that do not end": (("lingers", 3),),
    "children that do not end": (("computes", 2),),
    "more than it can run": (("stays", 40),),
    "all of it": (("stays", 3), ("lingers", 3), ("computes", 1), ("brief", 2), ("fails", 2)),
    "retries under way": (("fails", 10),),
    "waiting for a limit": (("limited", 5),),
    "a job that hears nothing": (("deaf", 1),),
    "starting": (("brief", 1),),
    "its server away": (("stays", 1), ("lingers", 1)),
}


class Terminal:
    """The controlling terminal of a worker; somebody reads along, or a full one would stop it."""

    def __init__(self) -> None:
        self.mine, self.theirs = pty.openpty()
        self.said = b""
        self._is_over = Event()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        with suppress(OSError):  # the other side is gone
            while not self._is_over.is_set():
                if select.select([self.mine], [], [], 0.05)[0]:
                    self.said = (self.said + os.read(self.mine, 65536))[-3000:]

    def close(self) -> None:
        """As a window that is closed; a second time nothing."""
        if not self._is_over.is_set():
            self._is_over.set()
            self._reading.join()
            os.close(self.mine)


def _signal(*numbers: int) -> Callable[[subprocess.Popen[bytes], Terminal], None]:
    def send(process: subprocess.Popen[bytes], _terminal: Terminal) -> None:
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.15)

    return send


def _close_terminal(_process: subprocess.Popen[bytes], terminal: Terminal) -> None:
    terminal.close()


WAYS = {
    "SIGTERM": _signal(signal.SIGTERM),
    "SIGTERM twice": _signal(signal.SIGTERM, signal.SIGTERM),
    "SIGINT": _signal(signal.SIGINT),
    "SIGHUP": _signal(signal.SIGHUP),
    "the terminal closed": _close_terminal,
}


class Case:
    """One worker in one state, ended in one way."""

    def __init__(self, server: Server, folder: Path, number: int, state: str, way: str) -> None:
        self.what = f"{state}, {way}"
        self.server, self.state, self.way = server, state, way
        self.folder = folder / str(number)
        self.folder.mkdir()
        self.keys = queue_keys("streamq", f"stop{number}")
        self.client = Client(server.url)
        self.figures = Figures()
        self.terminal = Terminal()
        self.proxy = Proxy(server.address)

    def _start(self) -> subprocess.Popen[bytes]:
        theirs = self.terminal.theirs
        environment = {
            **os.environ,
            "STREAMQ_BROKER_URL": self.proxy.url,
            "STREAMQ_DEFAULT_QUEUE": self.keys.queue,
            "STREAMQ_GRACE": str(GRACE_S),
            FOLDER: str(self.folder),
        }
        arguments = [
            "-m",
            "streamq.cli",
            "-A",
            "tests.faults.stopping_app",
            "worker",
            "-l",
            "WARNING",
            "-c",
            "4",
        ]
        process = subprocess.Popen(
            [sys.executable, *arguments, "-l", "WARNING", "--process-concurrency", "2"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(theirs)
        Watchdog.get().tell("pid", process.pid)
        return process

    def run(self) -> Figures:
        with self.proxy:
            process = self._start()
            try:
                self._stop(process)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                self.figures.broken.append(f"{self.what}: {error}; it said {self.terminal.said!r}")
            finally:
                workers = children_of(process.pid)
                end(process)
                for pid in workers:
                    _kill(pid)
                self.terminal.close()
                self.client.close()
        return self.figures

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        jobs = self._send()
        if self.state != "starting":
            wait_until(lambda: self._infos(), "the worker to register", 90, every=0.05)
            wanted = self._to_begin()
            wait_until(lambda: self._began() >= wanted, f"{wanted} to begin", 20, every=0.02)
        else:
            time.sleep(0.4)
        if self.state == "its server away":
            self.proxy.down()
        began = time.monotonic()
        WAYS[self.way](process, self.terminal)
        process.wait(LIMIT_S + 15)
        took = time.monotonic() - began
        if self.state == "its server away":
            self.proxy.up()
        self.figures.add(cases=1)
        self.figures.measure(took_s=took)
        self.figures.expect(took < LIMIT_S + BUSY_S, f"{self.what}: took {took:.1f} s")
        self._judge(jobs)

    def _send(self) -> set[str]:
        app = StreamQ("sender", broker=self.server.url)
        app.conf.default_queue = self.keys.queue
        jobs: set[str] = set()
        for name, count in STATES[self.state]:
            more: dict[str, Any] = {"concurrency": Concurrency(4)} if name == "limited" else {}
            full = f"{stopping_app.__name__}.{name}"
            jobs |= {
                app.send_task(full, (n,), queue=self.keys.queue, **more).id for n in range(count)
            }
        app.runtime.close()
        return jobs

    def _to_begin(self) -> int:
        """Of the jobs of this state, as many as it can run at once."""
        return min(4, sum(count for _, count in STATES[self.state]))

    def _began(self) -> int:
        return sum(1 for _ in read(self.folder))

    def _infos(self) -> object:
        return self.server.admin.hlen(self.keys.key("worker_info"))

    def _judge(self, jobs: set[str]) -> None:
        """Done, or claimable at once as if it had never run."""
        if self.state == "its server away":  # nobody could tell the server: their leases run out
            return
        looks = self.client.run(operations.look(self.keys, ids=sorted(jobs))) if jobs else []
        left = {look.id for look in looks if look.outcome is None}
        for look in looks:
            state = look.state
            running = state is not None and state.place == "R"
            self.figures.expect(not running, f"{self.what}: {look.id} still runs")
            lost = look.outcome is None and look.record is None
            self.figures.expect(not lost, f"{self.what}: {look.id} is lost")
            if state is not None and state.place == "B":
                counted = (state.attempt, state.crashes)
                self.figures.expect(counted <= (1, 0), f"{self.what}: counted {counted}")
                self.figures.expect(state.crashes == 0, f"{self.what}: a crash was counted")
        self.figures.add(jobs=len(jobs), unfinished=len(left))
        registered = self._infos()
        self.figures.expect(not registered, f"{self.what}: it is still registered")
        for broken in audit_violations(self.server.admin, self.keys):
            self.figures.broken.append(f"{self.what}: {broken.rule} {broken.member}")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def attack(ground: Ground, *, cases: int) -> None:
    """So many of all pairs of a state and a way, drawn by the seed."""
    server = ground.server()
    pairs = [(state, way) for state in STATES for way in WAYS]
    drawn = ground.random.sample(pairs, min(cases, len(pairs)))
    all_cases = [
        Case(server, ground.folder, number, state, way) for number, (state, way) in enumerate(drawn)
    ]
    with ThreadPoolExecutor(ALONGSIDE) as threads:
        for figures in threads.map(lambda case: case.run(), all_cases):
            ground.figures.merge(figures)


ROW = Row(
    11,
    "told to stop, in every state and by every signal",
    attack,
    small={"cases": 30},
    large={"cases": 60},
    rounds=4,
)

"""A server, an application, and real workers on it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamq import AsyncResult, StreamQ, operations
from streamq.operations import Look
from streamq.worker import Worker
from streamq.worker.child import process_state
from tests.searched import ROOT, SEARCHED
from tests.servers import Server
from tests.servers_process import end, spawn
from tests.waiting import wait_until
from tests.worker.running import SETTINGS
from tests.worker.tasks import JOURNAL, Run, make_app, read_journal

GRACE_S = 5.0  # of a worker, where a test says nothing else


def children_of(pid: int) -> list[int]:
    """The processes that the main thread of this one has started; none where it is gone."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@dataclass
class Process:
    """A supervisor, and the worker processes under it."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def worker_pids(self) -> list[int]:
        """Of its worker processes, found as its children."""
        return children_of(self.pid)

    @property
    def worker_pid(self) -> int:
        """Of its one worker process."""
        return next(reversed(self.worker_pids), 0)

    def logged(self, pattern: str, timeout: float = 20) -> str:
        """Wait for a line of the log that matches; returns what matched."""

        def look() -> str:
            found = re.search(pattern, self.log)
            return found[0] if found else ""

        return wait_until(look, f"{pattern!r} in the log:\n{self.log}", timeout)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def signal_worker(self, number: int) -> None:
        pid = self.worker_pid
        assert pid, "between two worker processes; 0 would be all of ours"
        os.kill(pid, number)

    def signal_one(self, pid: int, number: int) -> None:
        assert pid in self.worker_pids
        os.kill(pid, number)

    def ended(self, timeout: float = 20) -> int:
        """Wait for its exit code."""
        return self.process.wait(timeout)

    def stop(self, timeout: float = 20) -> int:
        """SIGTERM, and its exit code."""
        self.signal(signal.SIGTERM)
        return self.ended(timeout)


class Here(threading.Thread):
    """A worker in a thread, with a loop of its own."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(daemon=True)
        self.worker = worker
        self.error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._asked = asyncio.Event()
        self._urged = asyncio.Event()

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self.worker.serve(self._asked, self._urged))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except BaseException as error:
            self.error = error
        finally:
            self._loop.close()

    def tell(self, *, at_once: bool = False) -> None:
        """Tell it to stop."""
        event = self._urged if at_once else self._asked
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(event.set)

    def stop(self, timeout: float = 20) -> None:
        """Tell it to stop, and wait; raises what it died of."""
        self.tell()
        self.join(timeout)
        assert not self.is_alive(), "the worker didn't end"
        if self.error is not None:
            raise self.error


@dataclass
class Rig:
    """What one test of the worker has."""

    server: Server
    folder: Path
    settings: dict[str, Any]
    app: StreamQ = field(init=False)
    processes: list[Process] = field(default_factory=list)
    here: list[Here] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = make_app(**self.settings)

    @property
    def journal_file(self) -> Path:
        return self.folder / "journal"

    def start(
        self,
        *,
        extra_task: bool = False,
        own_logging: bool = False,
        ready: bool = True,
        path: Path = ROOT,  # searched before ours
        patience: float | None = None,  # seconds with jobs that are cancelled
        declares: Sequence[dict[str, Any]] = (),  # schedules of its code: what `app.every` takes
        **options: Any,
    ) -> Process:
        """Start a supervisor; back when its worker is registered."""
        number = len(self.processes)
        env = {
            **os.environ,
            SETTINGS: json.dumps(self.settings),
            JOURNAL: str(self.journal_file),
            "PYTHONPATH": f"{path}{os.pathsep}{SEARCHED}",
            "STREAMQ_TEST_EXTRA_TASK": "1" if extra_task else "",
            "STREAMQ_TEST_OWN_LOGGING": "1" if own_logging else "",
            "STREAMQ_TEST_PATIENCE": str(patience or ""),
            "STREAMQ_TEST_DECLARES": json.dumps(declares),
        }
        log = self.folder / f"worker-{number}.log"
        options = {"threads": 4, "async_concurrency": 10, **options}
        arguments = [sys.executable, "-m", "tests.worker.running", json.dumps(options)]
        process = Process(spawn([*arguments], output=log, env=env, cwd=ROOT), log)
        before = self.workers() if ready else set()
        self.processes.append(process)
        if ready:
            what = f"a worker to register; its log:\n{process.log}"
            wait_until(lambda: self.workers() - before, what, 20)
        return process

    def work(self, **options: Any) -> Here:
        """A worker in a thread of this process: quick to start, and ends in order."""
        here = Here(Worker(self.app, **{"threads": 4, "async_concurrency": 10, **options}))
        self.here.append(here)
        here.start()
        queue = here.worker.queues[-1]  # the last to be told
        wait_until(lambda: here.worker.name.encode() in self.workers(queue), "it to register")
        return here

    def send(self, task: str, *args: Any, **options: Any) -> AsyncResult[Any]:
        """Enqueue a job."""
        return self.app.send_task(task, args, **options)

    def all_runs(self) -> list[Run]:
        """The whole journal."""
        return read_journal(self.journal_file)

    def runs(self, job: AsyncResult[Any], what: str = "begin") -> list[Run]:
        """What the journal says of a job."""
        journal = read_journal(self.journal_file)
        return [run for run in journal if run.id == job.id and run.what == what]

    def began(self, job: AsyncResult[Any], times: int = 1, timeout: float = 20) -> Run:
        """Wait until a job's run has begun, the n-th one."""
        what = f"job {job.id} to begin for the {times}. time"
        wait_until(lambda: len(self.runs(job)) >= times, what, timeout)
        return self.runs(job)[times - 1]

    def look(self, job: AsyncResult[Any], queue: str = "default") -> Look:
        """All that the server knows of a job."""
        return self.app.client.run(operations.look(self.app.keys(queue), ids=[job.id]))[0]

    def counts(self, queue: str = "default") -> dict[str, int]:
        """How many jobs are where, and the counters."""
        return self.app.client.run(operations.count(self.app.keys(queue)))

    def workers(self, queue: str = "default") -> set[bytes]:
        """The names of those who are registered."""
        return set(self.server.admin.hkeys(self.app.keys(queue).key("worker_info")))  # type: ignore[arg-type]

    def wait_for_count(self, name: str, number: int, timeout: float = 20) -> None:
        """Wait until a counter is there."""
        wait_until(
            lambda: self.counts().get(name, 0) >= number,
            f"{name} = {number}: {self.counts()}",
            timeout,
        )

    def close(self) -> None:
        for here in self.here:
            here.stop()
        for process in self.processes:
            pids = process.worker_pids
            end(process.process)
            for pid in pids:
                _wait_for_end(pid)
        self.app.runtime.close()


def _wait_for_end(pid: int) -> None:
    """A worker whose supervisor was killed ends by itself; help it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if process_state(pid) in {"Z", ""}:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)

"""What the demo plays on: a server, a folder and a worker of its own, gone when it ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from streamq import embedded, inspection
from streamq.errors import StreamQError

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Self

    from streamq.app import StreamQ

_IDLE_S = 900.0  # after which a server that was kept ends by itself
_WORKER_S = 30.0  # until a worker must have said that it lives
_GONE_S = 10.0  # until one that was told to stop must have stopped
_ENDS = (signal.SIGTERM, signal.SIGHUP)  # as Ctrl-C: told to end, or the terminal is gone
_SHOWN = 3  # lines of a worker's log in an error


class StageFailed(Exception):
    """It can't be played here; the message says why."""


class Stage:
    """A context manager; `keep` leaves server and folder when it ends. Also ends by a signal."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self.folder = Path(tempfile.mkdtemp(prefix="streamq-demo-"))
        self.data_dir = self.folder / "data"
        self.log = self.folder / "worker.log"
        self.runs = self.folder / "runs.txt"  # a line per run, whatever became of it
        self._workers: list[subprocess.Popen[bytes]] = []

    @property
    def broker(self) -> str:
        """The address, for applications and for --broker."""
        return f"embedded://{self.data_dir}"

    def __enter__(self) -> Self:
        self._before = {how: signal.signal(how, _interrupt) for how in _ENDS}
        self.runs.touch()
        try:
            self.server = embedded.ensure(self.data_dir, idle_seconds=_IDLE_S)
        except BaseException:
            with contextlib.suppress(StreamQError):
                self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def start_worker(self) -> None:
        """Start a `streamq worker` process; it takes a moment until it works."""
        words = [sys.executable, "-P", "-m", "streamq.cli", "-A", "streamq.demo.app"]
        words += ["--broker", self.broker]
        words += ["worker", "-c", "4", "--grace", "3", "--lease", "2"]
        with self.log.open("ab") as log:
            started = subprocess.Popen(  # noqa: S603 - our own command
                words,
                cwd=self.folder,  # nothing of the user's is imported by chance
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we end it in order
            )
        self._workers.append(started)

    def working_process(self, app: StreamQ) -> int:
        """The process id of the worker process, once there is one."""
        deadline = time.monotonic() + _WORKER_S
        while time.monotonic() < deadline:
            for worker in inspection.workers(app):
                if worker.alive and (pid := worker.details.get("pid")):
                    return int(pid)
            if all(process.poll() is not None for process in self._workers):
                break
            time.sleep(0.01)
        raise StageFailed(f"The worker did not come up. Its log ends:\n{self._log_end()}")

    def _log_end(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(line[:200] for line in lines[-_SHOWN:])

    def _leave(self) -> None:
        for process in self._workers:
            _end(process)
        if not self._keep:
            try:
                embedded.stop(self.data_dir)
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)
        for how, before in self._before.items():
            signal.signal(how, before)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GONE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt

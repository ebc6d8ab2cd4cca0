"""Worker processes that are killed, and what their journal says of the runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.limits.crew import Run
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import end, spawn


class Killed:
    """Worker processes, each with its supervisor, and when each group was killed."""

    def __init__(self, server: Server, folder: Path, app: str) -> None:
        self.app = app  # the module of it
        self.journal = folder / "journal"
        self.journal.touch()
        self._log = folder / "log"
        self._environment = {
            **os.environ,
            "STREAMQ_BROKER_URL": server.url,
            "STREAMQ_TEST_JOURNAL": str(self.journal),
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ends: dict[int, float] = {}  # process group -> when it was killed

    def start(self) -> None:
        command: list[str | Path] = [sys.executable, "-m", "streamq.cli", "worker", "-c", "4"]
        command += ["-A", self.app]
        process = spawn(command, output=self._log, env=self._environment, cwd=ROOT)
        self.processes.append(process)

    def kill_one(self, *, with_supervisor: bool = True) -> None:
        """The one that ran something last; its supervisor, if it lives, starts another."""
        _, _, group, supervisor, _ = self.journal.read_text().splitlines()[-1].split()
        if with_supervisor:
            os.kill(int(supervisor), signal.SIGKILL)
        os.killpg(int(group), signal.SIGKILL)
        self.ends[int(group)] = time.monotonic()

    def runs(self) -> list[Run]:
        """All runs; one that was killed ended with its process."""
        begun: dict[tuple[str, str], float] = {}
        found = []
        for line in self.journal.read_text().splitlines():
            what, job, group, _, at = line.split()
            if what == "begin":
                begun[job, group] = float(at)
            else:
                found.append(Run(job, begun.pop((job, group)), float(at)))
        for (job, group), since in begun.items():
            found.append(Run(job, since, self.ends.get(int(group), time.monotonic())))
        return found

    def close(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            end(process)

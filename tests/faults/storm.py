"""A kill storm: workers die by SIGKILL at random moments while jobs run, and nothing may be lost.

    python -m tests.faults.storm --jobs 20000 --kills 50 --seed 7

Prints the figures, and exits with 1 if a job was lost or acknowledged twice, or the audit found
anything, also in any of the snapshots taken meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from streamq import operations
from tests.auditing import audit_violations
from tests.faults import storm_app
from tests.servers import Server
from tests.servers_pool import Pool
from tests.servers_process import spawn

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKERS = 2  # supervisors, each with one worker process


@dataclass
class Figures:
    """What a storm showed."""

    jobs: int
    kills: int = 0
    seconds: float = 0
    runs: int = 0  # that began, by the journals
    planned: int = 0  # runs there would have been without kills
    lost: list[int] = field(default_factory=list)  # never run
    succeeded: int = 0  # acknowledged, by the queue's own count
    dead: int = 0
    left: int = 0  # still in the queue
    crashed: int = 0
    reclaimed: int = 0
    audits: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Nothing lost, nothing acknowledged twice, nothing out of place."""
        ended = self.succeeded == self.jobs and not self.dead and not self.left
        return ended and not self.lost and not self.violations

    def __str__(self) -> str:
        """The figures as they are published."""
        return "\n".join(
            (
                f"{self.jobs} jobs, {self.kills} kills, {self.seconds:.0f} s",
                (
                    f"lost {len(self.lost)}, acknowledged {self.succeeded} "
                    f"(twice: {max(0, self.succeeded - self.jobs)}), dead {self.dead}, "
                    f"left {self.left}"
                ),
                (
                    f"runs {self.runs}: {self.planned} planned, {self.runs - self.planned} extra "
                    f"({(self.runs - self.planned) / max(1, self.kills):.1f} a kill); "
                    f"reclaimed {self.reclaimed}, counted as crashed {self.crashed}"
                ),
                f"{self.audits} audits, {len(self.violations)} violations",
                *self.violations[:5],
            )
        )


class Storm:
    """Servers and workers of one storm; `run` is the story."""

    def __init__(self, server: Server, folder: Path, seed: int) -> None:
        self.server = server
        self.folder = folder
        self.random = random.Random(seed)
        self.app = storm_app.app
        self.app.conf.broker = server.url
        self.keys = self.app.keys("storm")
        self.supervisors: list[subprocess.Popen[bytes]] = []

    def start_worker(self) -> None:
        environment = {
            **os.environ,
            "STREAMQ_BROKER_URL": self.server.url,
            "STORM_JOURNAL": str(self.folder),
        }
        command: list[str | Path] = [sys.executable, "-m", "streamq.cli"]
        command += [
            "-A",
            "tests.faults.storm_app",
            "worker",
            "-l",
            "WARNING",
            "-c",
            "8",
            "--async-concurrency",
            "16",
        ]
        log = self.folder / "workers.log"
        self.supervisors.append(spawn(command, output=log, env=environment))

    def kill_one(self) -> bool:
        """A worker process, now and then with its supervisor; False: none was there."""
        infos = self.server.admin.hvals(self.keys.key("worker_info"))
        pids = [json.loads(info)["pid"] for info in infos]
        alive = {pid: parent for pid in pids if (parent := self._supervisor_of(pid))}
        if not alive:
            return False
        pid = self.random.choice(sorted(alive))
        if self.random.random() < 0.25:
            supervisor = alive[pid]
            self.supervisors.remove(supervisor)
            supervisor.kill()
            supervisor.wait()
            self.start_worker()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def _supervisor_of(self, pid: int) -> subprocess.Popen[bytes] | None:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except FileNotFoundError:
            return None
        parent = int(status.partition("PPid:")[2].split()[0])
        return next((one for one in self.supervisors if one.pid == parent), None)

    def count(self) -> dict[str, int]:
        return self.app.client.run(operations.count(self.keys))

    def audit(self, figures: Figures) -> None:
        figures.audits += 1
        for broken in audit_violations(self.server.admin, self.keys):
            figures.violations.append(f"{broken.rule}: {broken.member} in {broken.key}")

    def enqueue(self, numbers: Sequence[int]) -> None:
        tasks = (storm_app.plain, storm_app.waiting, storm_app.flaky)
        for task, kind in zip(tasks, range(3), strict=True):
            task.delay_many([(n,) for n in numbers if n % 3 == kind])

    def run(self, jobs: int, kills: int, limit: float) -> Figures:
        figures, began = Figures(jobs), time.monotonic()
        for _ in range(WORKERS):
            self.start_worker()
        self.enqueue(range(jobs))
        while time.monotonic() - began < limit and not self._is_empty():
            time.sleep(self.random.uniform(0.1, 0.7))
            if figures.kills < kills:
                figures.kills += self.kill_one()
            self.audit(figures)
        self._sum_up(figures, time.monotonic() - began)
        return figures

    def _is_empty(self) -> bool:
        now = self.count()
        return not (now["waiting"] or now["scheduled"] or now["running"] or now["stranded"])

    def _sum_up(self, figures: Figures, seconds: float) -> None:
        self.audit(figures)
        runs = Counter(
            int(line.split()[0])
            for journal in self.folder.glob("*.runs")
            for line in journal.read_text().splitlines()
        )
        now = self.count()
        figures.seconds = seconds
        figures.runs = runs.total()
        figures.planned = figures.jobs + sum(n % 3 == 2 for n in range(figures.jobs))
        figures.lost = [n for n in range(figures.jobs) if not runs[n]]
        figures.succeeded = now.get("succeeded", 0)
        figures.dead = now["dead"]
        figures.left = now["jobs"] - now["dead"]
        figures.crashed = now.get("crashed", 0)
        figures.reclaimed = now.get("reclaimed", 0)

    def stop(self) -> None:
        for process in self.supervisors:
            process.terminate()
        for process in self.supervisors:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def weather(
    server: Server, folder: Path, *, jobs: int, kills: int, seed: int, limit: float
) -> Figures:
    """One storm on a clean server; ends what it started."""
    storm = Storm(server, folder, seed)
    try:
        return storm.run(jobs, kills, limit)
    finally:
        storm.stop()
        storm.app.client.close()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--limit", type=float, default=600, help="seconds, at most")
    options = parser.parse_args()
    print(f"seed {options.seed}")  # noqa: T201 -- it is a command
    pool = Pool()
    with tempfile.TemporaryDirectory() as folder:
        server = pool.get("valkey9")
        figures = weather(
            server,
            Path(folder),
            jobs=options.jobs,
            kills=options.kills,
            seed=options.seed,
            limit=options.limit,
        )
        print(figures)  # noqa: T201
        log = (Path(folder) / "workers.log").read_text()
    if not figures.good:
        print(log[-3000:], file=sys.stderr)  # noqa: T201
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())

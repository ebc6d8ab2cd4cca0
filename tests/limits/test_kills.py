"""Limits while workers are killed: never exceeded, and no place is lost with a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from streamq import StreamQ
from tests.limits.crew import Run, most_at_once
from tests.servers import Server
from tests.servers_process import end, spawn
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
JOBS = 60


class Killed:
    """Worker processes, each with its supervisor, and when each group was killed."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        self._log = folder / "log"
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "STREAMQ_BROKER_URL": server.url,
            "STREAMQ_TEST_JOURNAL": str(self.journal),
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ends: dict[int, float] = {}  # process group -> when it was killed

    def start(self) -> None:
        command: list[str | Path] = [sys.executable, "-m", "streamq.cli", "worker", "-c", "4"]
        command += ["-A", "tests.limits.killed_app"]
        process = spawn(command, output=self._log, env=self._environment, cwd=ROOT)
        self.processes.append(process)

    def kill_one(self) -> None:
        """The one that runs the most recent job, with its supervisor."""
        group = int(self.journal.read_text().splitlines()[-1].split()[2])
        os.killpg(group, signal.SIGKILL)
        self.ends[group] = time.monotonic()

    def runs(self) -> list[Run]:
        """All runs; one that was killed ended with its process."""
        begun: dict[tuple[str, str], float] = {}
        found = []
        for line in self.journal.read_text().splitlines():
            what, number, group, at = line.split()
            if what == "begin":
                begun[number, group] = float(at)
            else:
                found.append(Run(int(number), begun.pop((number, group)), float(at)))
        for (number, group), since in begun.items():
            found.append(Run(int(number), since, self.ends.get(int(group), time.monotonic())))
        return found


@pytest.fixture
def killed(server: Server, tmp_path: Path) -> Iterator[Killed]:
    made = Killed(server, tmp_path)
    yield made
    for process in made.processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        end(process)


def test_no_more_run_at_once_while_workers_are_killed_and_none_is_lost(
    killed: Killed, server: Server
) -> None:
    app = StreamQ("killed", broker=server.url, lease=1)

    @app.task(name="work", concurrency=3, max_crashes=20)
    def work(number: int) -> int:
        return number

    for _ in range(2):
        killed.start()
    jobs = work.delay_many([(n,) for n in range(JOBS)])
    for kill in range(2):
        wait_until(lambda: len(killed.runs()) >= 15 * (kill + 1), "some to run", 30)  # noqa: B023
        killed.kill_one()
        killed.start()
    assert sorted(app.gather(jobs, timeout=40)) == list(range(JOBS))
    runs = killed.runs()
    assert most_at_once(runs) == 3
    assert len(killed.ends) == 2
    app.close()


def test_the_places_of_a_dead_worker_are_free_after_a_lease(killed: Killed, server: Server) -> None:
    """All of them at once, and for those who held them first: they have kept their order."""
    app = StreamQ("killed", broker=server.url, lease=1)
    workers = app.keys("default").key("worker_info")
    killed.start()
    wait_until(lambda: server.admin.hlen(workers) == 1, "a worker that says the limit", 30)
    jobs = [app.send_task("hold", args=(n,)) for n in range(5)]
    wait_until(lambda: len(killed.runs()) == 2, "both places to be taken", 30)
    killed.start()
    wait_until(lambda: server.admin.hlen(workers) == 2, "the second worker", 30)
    time.sleep(0.3)
    assert len(killed.runs()) == 2, "there is no third place"
    killed.kill_one()
    [killed_at] = killed.ends.values()
    assert app.gather(jobs, timeout=30) == [0, 1, 2, 3, 4]
    runs = sorted(killed.runs(), key=lambda run: run.began)
    assert {run.what for run in runs[2:4]} == {0, 1}
    # The lease, and the second in which reclaims come; the rest is a busy machine's.
    assert runs[3].began - killed_at < 1 + 2 + 2
    assert most_at_once(runs) == 2
    app.close()

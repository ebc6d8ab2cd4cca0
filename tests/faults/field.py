"""Real workers of one application on one server: started, counted, compared, stopped.

What ran is read from journals that the tasks write (`journal.py`), what ended from the queue, and
both are compared as exact sets.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from streamq import StreamQ, operations
from tests.faults.harness import Ground
from tests.faults.journal import FOLDER, read
from tests.searched import ROOT
from tests.servers import Server
from tests.servers_process import end, spawn
from tests.waiting import wait_until
from tests.worker.rig import Process

NO_ENV: Mapping[str, str] = {}


class Field:
    """An application, imported here and by its workers, on a server."""

    def __init__(
        self, ground: Ground, server: Server, app: StreamQ, module: str, *, broker: str = ""
    ) -> None:
        self.server = server
        self.folder = ground.folder
        self.figures = ground.figures
        self.app = app
        self.module = module
        self.broker = broker or server.url  # of the workers; a proxy's, perhaps
        self.workers: list[Process] = []
        app.runtime.restart()  # another round's server was another one
        app.conf.broker = server.url
        self.keys = app.keys(app.conf.default_queue)
        ground.ends.callback(app.runtime.close)
        ground.ends.callback(self.end)

    def start(self, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] = NO_ENV) -> Process:
        """One supervisor; it has a log of its own."""
        command: list[str | Path] = [sys.executable, "-m", "streamq.cli", "-A", self.module]
        command += ["worker", "-l", "WARNING", *arguments]
        environment = {
            **os.environ,
            "STREAMQ_BROKER_URL": self.broker,
            FOLDER: str(self.folder),
            **env,
        }
        log = self.folder / f"worker-{len(list(self.folder.glob('worker-*')))}.log"
        worker = Process(spawn(command, output=log, env=environment, cwd=cwd), log)
        self.workers.append(worker)
        return worker

    def infos(self) -> dict[str, int]:
        """Name of each registered worker, and its pid."""
        found = self.server.admin.hgetall(self.keys.key("worker_info"))
        return {name.decode(): json.loads(info)["pid"] for name, info in found.items()}  # type: ignore[union-attr]

    def registered(self, number: int) -> None:
        self.wait(lambda: len(self.infos()) >= number, f"{number} workers", 90)

    def wait(self, predicate: Callable[[], object], what: str, timeout: float = 20) -> None:
        """Until that is so; says how things stand where it doesn't become so."""
        try:
            wait_until(predicate, what, timeout, every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.counts()}\n{self.logs}") from None

    def counts(self) -> dict[str, int]:
        return self.app.client.run(operations.count(self.keys))

    def is_empty(self) -> bool:
        """Nothing is left to do."""
        now = self.counts()
        # With every worker killed, those that a limit holds back may be all there is.
        places = ("waiting", "scheduled", "running", "stranded", "parked", "heirs")
        return not sum(now[name] for name in places)

    def runs(self) -> Counter[int]:
        """How often the job of each number began, by the journals."""
        return Counter(line.number for line in read(self.folder, "runs"))

    def outcomes(self, ids: Collection[str]) -> dict[str, tuple[str, bytes]]:
        """Kind and encoded value of each that has ended and left one."""
        wanted, found = sorted(ids), {}
        for at in range(0, len(wanted), 200):
            for look in self.app.client.run(operations.look(self.keys, ids=wanted[at : at + 200])):
                if look.outcome is not None:
                    found[look.id] = (look.outcome.kind, look.outcome.value)
        return found

    def expect_all_done(self, jobs: Collection[str]) -> None:
        """Each of these succeeded, once, and nothing else is left or has ended in another way."""
        done = {job for job, (kind, _) in self.outcomes(jobs).items() if kind == "ok"}
        self.figures.expect_same(done, set(jobs), "jobs that succeeded")
        now = self.counts()
        self.figures.expect(now["jobs"] == 0, f"{now['jobs']} jobs are left")
        twice = now.get("succeeded", 0) - len(jobs)
        self.figures.expect(twice == 0, f"{twice} more successes than jobs: {now}")
        self.figures.add(lost=len(set(jobs) - done), acknowledged_twice=max(0, twice))

    @property
    def logs(self) -> str:
        """The end of what each worker said."""
        return "\n".join(worker.log[-1500:] for worker in self.workers)

    def stop(self) -> None:
        """In order."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.wait(40)

    def end(self) -> None:
        """At once."""
        for worker in self.workers:
            pids = worker.worker_pids
            end(worker.process)
            for pid in pids:
                _kill(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return

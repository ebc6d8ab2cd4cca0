"""Row 1: workers die by SIGKILL at random moments while jobs of every kind run.

Nothing may be lost or accepted twice, and a kill may run again no more than what the killed process
had in its hands: its slots, and one batch of acks that was under way.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from tests.faults import storm_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.worker.rig import Process

THREADS, LOOP, CHILDREN = 8, 16, 2  # slots of one worker process
LINGERING = 64  # acks that may be under way
SIZE = ("-c", str(THREADS), "--async-concurrency", str(LOOP), "--process-concurrency", "2")
BOUND = THREADS + LOOP + CHILDREN + LINGERING


class Storm:
    """Two supervisors, each with one worker process, and who kills them."""

    def __init__(self, ground: Ground, **options: str) -> None:
        self.ground = ground
        self.random = ground.random
        self.server = ground.server(**options)
        self.field = Field(ground, self.server, storm_app.app, "tests.faults.storm_app")
        self.kills = 0
        for _ in range(2):
            self.field.start(*SIZE)

    def kill_one(self) -> None:
        """A worker process, now and then with its supervisor."""
        alive = {pid: worker for worker in self.field.workers for pid in worker.worker_pids}
        known = set(self.field.infos().values())
        ready = sorted(set(alive) & known)
        if not ready:
            return
        pid = self.random.choice(ready)
        if self.random.random() < 1 / 4:
            self._replace(alive[pid])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def _replace(self, worker: Process) -> None:
        self.field.workers.remove(worker)
        worker.process.kill()
        worker.process.wait()
        self.field.start(*SIZE)

    def blow(self, jobs: int, kills: int, limit_s: float) -> None:
        """Enqueue, kill, look; until nothing is left."""
        self.field.registered(2)
        sent = storm_app.send(range(jobs))
        until = time.monotonic() + limit_s
        while time.monotonic() < until and not self.field.is_empty():
            time.sleep(self.random.uniform(0.05, 0.4 if self.kills < kills else 0.2))
            if self.kills < kills:
                self.kill_one()
            self.ground.snapshot(self.server, self.field.keys)
        self._judge(sent)

    def _judge(self, sent: dict[str, int]) -> None:
        field, figures = self.field, self.ground.figures
        field.expect_all_done(sent)
        runs = field.runs()
        figures.expect_same(set(runs), set(sent.values()), "numbers that ran")
        planned = sum(map(storm_app.planned_runs, sent.values()))
        extra = runs.total() - planned
        figures.add(jobs=len(sent), kills=self.kills, runs=runs.total(), extra_runs=extra)
        figures.add(crashed=field.counts().get("crashed", 0))
        bound = self.kills * BOUND
        figures.expect(extra <= bound, f"{extra} runs more than planned, over {bound}")
        figures.measure(share_of_bound=extra / max(1, bound))


def attack(ground: Ground, *, jobs: int, kills: int, limit_s: float) -> None:
    storm = Storm(ground)
    storm.blow(jobs, kills, limit_s)
    storm.field.stop()
    ground.audit(storm.server)
    ground.figures.expect(storm.kills >= kills, f"only {storm.kills} kills: too few jobs")


ROW = Row(
    1,
    "SIGKILL of workers at random moments, all kinds of jobs mixed",
    attack,
    small={"jobs": 2000, "kills": 12, "limit_s": 120},
    large={"jobs": 20_000, "kills": 200, "limit_s": 900},
    rounds=5,
)

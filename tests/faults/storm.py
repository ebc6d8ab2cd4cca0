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
from tests.faults.quick import QUICK
from tests.servers_process import end
from tests.worker.rig import Process, children_of

THREADS, LOOP, CHILDREN = 8, 16, 1  # slots of one worker process
LINGERING = 64  # acks that may be under way
SIZE = ("-c", str(THREADS), "--async-concurrency", str(LOOP))
BOUND = THREADS + LOOP + CHILDREN + LINGERING
SUPERVISORS = 3
REPLACED, BELOW = 1 / 5, 1 / 3  # of the kills: with the supervisor; of a process for jobs
LEAD = 5  # parts of the jobs that are there before their kill


class Storm:
    """Supervisors, each with one worker process, and who kills them."""

    def __init__(self, ground: Ground, **options: str) -> None:
        self.ground = ground
        self.random = ground.random
        self.server = ground.server(**options)
        self.field = Field(ground, self.server, storm_app.app, "tests.faults.storm_app")
        self.kills = 0
        for _ in range(SUPERVISORS):
            self._start()

    def _start(self) -> None:
        size = (*SIZE, "--process-concurrency", str(CHILDREN))
        self.field.start(*size, env={QUICK: "1"})

    def kill_one(self) -> None:
        """A worker process, now and then with its supervisor; or one that runs its jobs."""
        alive = {pid: worker for worker in self.field.workers for pid in worker.worker_pids}
        known = set(self.field.infos().values())
        ready = sorted(set(alive) & known)
        if not ready:
            return
        pid = self.random.choice(ready)
        draw = self.random.random()
        if draw < REPLACED:
            self._replace(alive[pid])
        elif draw > 1 - BELOW and (cells := children_of(pid)):
            pid = self.random.choice(cells)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def _replace(self, worker: Process) -> None:
        self.field.workers.remove(worker)
        end(worker.process)
        self._start()

    def blow(self, jobs: int, kills: int, looks: int, limit_s: float) -> None:
        """Enqueue a part for each kill, kill, look so often; until nothing is left."""
        self.field.registered(SUPERVISORS)
        sent: dict[str, int] = {}
        until = time.monotonic() + limit_s
        while time.monotonic() < until and (self.kills < kills or not self.field.is_empty()):
            for look in range(looks):
                parts = min(self.kills + LEAD + look / looks, kills)
                sent |= storm_app.send(range(len(sent), int(jobs * parts / kills)))
                time.sleep(self.random.uniform(0.02, 0.3) / looks)
                if look == 0 and self.kills < kills:
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


def attack(ground: Ground, *, jobs: int, kills: int, looks: int, limit_s: float) -> None:
    storm = Storm(ground)
    storm.blow(jobs, kills, looks, limit_s)
    storm.field.stop()
    ground.audit(storm.server)
    ground.figures.expect(storm.kills >= kills, f"only {storm.kills} kills")


ROW = Row(
    1,
    "SIGKILL of workers at random moments, all kinds of jobs mixed",
    attack,
    small={"jobs": 5000, "kills": 50, "looks": 1, "limit_s": 200},
    large={"jobs": 5000, "kills": 50, "looks": 10, "limit_s": 900},
    rounds=20,  # not fewer and longer: each look goes through all results too
)

"""Row 4: the server dies that logs its writes every second, on a disk that is busy.

It dies by SIGKILL, after which what the system had taken is still there; or with its machine, after
which only what the disk had confirmed is. A library before the system's makes `fdatasync` slow, and
notes how long the log was at each, so that the rest can be cut off.

What is lost is measured. What must hold: the law of conservation, on what is left; every confirmed
job that is left is done; and a worker says that the server has lost what it had confirmed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.faults import storm_app
from tests.faults.field import Field
from tests.faults.harness import Ground, Row
from tests.faults.server_killed import Producer
from tests.servers_process import Watchdog

SLOW_MS = 400  # each fdatasync
SAID = "has lost writes that it had confirmed"
LEAST_S = 1.2  # between two deaths: some of what was logged is confirmed by the disk
LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
int fdatasync(int fd) {
    struct stat s;
    fstat(fd, &s);
    usleep(atoi(getenv("SLOW_MS")) * 1000);
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    FILE *out = fopen(getenv("SYNCED"), "a");
    if (out) {
        fprintf(out, "%lu %lu\n", (unsigned long)s.st_ino, (unsigned long)s.st_size);
        fclose(out);
    }
    return result;
}
"""


def slow_disk(folder: Path, synced: Path) -> dict[str, str]:
    """The environment of a server whose disk is busy; skips where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(LIBRARY)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"],
        check=True,
        capture_output=True,
    )
    return {"LD_PRELOAD": str(library), "SLOW_MS": str(SLOW_MS), "SYNCED": str(synced)}


class Machine:
    """A server process, and what its disk has."""

    def __init__(self, ground: Ground) -> None:
        self.synced = ground.folder / "synced"
        self._env = slow_disk(ground.folder, self.synced)
        Watchdog.get()  # which needs no such library
        with patch.dict(os.environ, self._env):
            self.server = ground.server(
                appendonly="yes", appendfsync="everysec", auto_aof_rewrite_percentage=0
            )

    def die(self, *, whole: bool) -> int:
        """The process alone, or the whole machine; returns how many bytes of the log that cost."""
        self.server.kill()
        return self._cut() if whole else 0

    def start(self) -> None:
        with patch.dict(os.environ, self._env):
            self.server.start()

    def _cut(self) -> int:
        """Of each file of the log, leave what the disk had confirmed."""
        known: dict[int, int] = {}
        for line in self.synced.read_text().splitlines():
            inode, size = map(int, line.split())
            known[inode] = size
        cost = 0
        for file in Path(self.server.nodes[0].folder).glob("appendonlydir/*.incr.aof"):
            size = file.stat().st_size
            kept = min(size, known.get(file.stat().st_ino, 0))
            os.truncate(file, kept)
            cost += size - kept
        return cost


def attack(ground: Ground, *, deaths: int) -> None:
    """As many of the process as of the machine."""
    machine = Machine(ground)
    server = machine.server
    field = Field(ground, server, storm_app.app, "tests.faults.storm_app")
    for _ in range(2):
        field.start("-c", "8", "--async-concurrency", "8")
    field.registered(2)
    producer = Producer(server)
    producer.start()
    ground.ends.callback(producer.over.set)
    died_at: list[float] = []
    for number in range(deaths):
        time.sleep(LEAST_S + ground.random.uniform(0.5, 2.0))
        died_at.append(time.monotonic())
        ground.figures.add(log_bytes_lost=machine.die(whole=number % 2 == 1))
        time.sleep(ground.random.uniform(0.05, 1.0))
        machine.start()
        ground.snapshot(server, field.keys)
    time.sleep(0.5)
    producer.over.set()
    producer.join(10)
    field.wait(field.is_empty, "all to be done", 60)
    _judge(ground, field, producer, died_at)
    field.stop()
    ground.audit(server)


def _judge(ground: Ground, field: Field, producer: Producer, died_at: list[float]) -> None:
    figures, ran = ground.figures, field.runs()
    done = {job for job, (kind, _) in field.outcomes(producer.confirmed).items() if kind == "ok"}
    lost = set(producer.confirmed) - done
    never = [job for job in lost if not ran[producer.confirmed[job]]]
    figures.add(deaths=len(died_at), confirmed=len(producer.confirmed), lost=len(lost))
    figures.add(of_these_never_ran=len(never))
    for job in lost:
        at = producer.confirmed_at[job]
        age = min((died - at for died in died_at if died >= at), default=0.0)
        figures.measure(oldest_lost_s=age)
    again = sum(times - 1 for number, times in ran.items() if number >= 0 and times > 1)
    figures.add(ran_again=again)
    said = sum(worker.log.count(SAID) for worker in field.workers)
    figures.add(said=said)
    figures.expect(said or not lost, f"{len(lost)} lost, and nobody said so")
    figures.expect(len(producer.confirmed) > 100, "next to nothing was enqueued")


ROW = Row(
    4,
    "the server dies that logs every second, and its disk is busy",
    attack,
    small={"deaths": 2},
    large={"deaths": 10},
)

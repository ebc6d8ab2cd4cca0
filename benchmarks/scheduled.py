"""Jobs for later: how late they start, and what a million of them costs a worker.

`python -m benchmarks.scheduled` takes two to five minutes; `--scale 0.01` shows that it works.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.latency import percentile
from benchmarks.processes import rss_mib, spawn, stop, tree
from benchmarks.rows import at_most, only_told, targets
from benchmarks.server import Server, machine
from streamq import StreamQ, current_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.rows import Row

LATE_MS, GROWTH_MIB = 250, 10  # the targets
WAITING, MANY, PROBES = 100_000, 1_000_000, 500
FAR_S = 86_400.0  # when the others are due
SETTLE_S = 5.0  # until a worker's memory is what it stays
FILE = "STREAMQ_BENCH_LATENESS"

app = StreamQ("bench-scheduled")


@app.task(name="noop", ignore_result=True)  # here it is in `__main__`, in the worker it isn't
def noop() -> None:
    """What is not due yet."""


@app.task(name="probe", ignore_result=True)
def probe() -> None:
    """Notes how late it is; server and worker share a clock here."""
    due = current_job().scheduled_for
    late = time.time() - due.timestamp() if due else 0.0
    with Path(os.environ[FILE]).open("a", encoding="ascii") as file:
        file.write(f"{late}\n")


def fill(number: int) -> None:
    """So many jobs that are due tomorrow."""
    later = noop.options(countdown=FAR_S)
    for start in range(0, number, 10_000):
        later.delay_many([()] * min(10_000, number - start))


def lateness(server: Server, folder: Path, probes: int) -> list[float]:
    """Seconds by which jobs that come due one by one start late."""
    notes = folder / "late"
    os.environ[FILE] = str(notes)
    process = worker(folder)
    while not server.client.exists(app.keys("default").key("workers")):
        time.sleep(0.1)
    time.sleep(2.0)
    for _ in range(probes):
        probe.options(countdown=random.uniform(0.5, 5.0)).delay()
    deadline = time.monotonic() + 60
    late: list[float] = []
    while len(late) < probes and time.monotonic() < deadline:
        time.sleep(0.2)
        late = [float(line) for line in notes.read_text().split()] if notes.exists() else []
    stop(process)
    if len(late) < probes:
        raise RuntimeError(f"{probes - len(late)} jobs never ran")
    return sorted(late)


def memory_mib(folder: Path) -> float:
    """Of an idle worker process: the largest of the tree."""
    process = worker(folder)
    time.sleep(SETTLE_S)
    found = max(rss_mib(pid) for pid in tree(process.pid))
    stop(process)
    return found


def worker(folder: Path):  # noqa: ANN201 - as `spawn`
    """One worker process, as anybody's."""
    command = [sys.executable, "-m", "streamq.cli", "-A", "benchmarks.scheduled", "worker"]
    return spawn([*command, "-c", "8", "--loglevel", "WARNING"], folder / "worker.log")


def rows(server: Server, scale: float) -> Iterator[Row]:
    """Every measure."""
    folder = Path(server.folder)
    waiting, many = int(WAITING * scale), int(MANY * scale)
    empty = memory_mib(folder)
    fill(waiting)
    late = lateness(server, folder, max(20, int(PROBES * scale)))
    name = f"start of a delayed job after its time, {waiting:,} others scheduled"
    yield only_told(f"{name}, p50", f"{1000 * percentile(late, 0.5):.1f} ms")
    yield at_most(f"{name}, p99", 1000 * percentile(late, 0.99), LATE_MS, " ms")
    fill(many - waiting)
    grown = memory_mib(folder) - empty
    yield at_most(f"growth of a worker with {many:,} scheduled", grown, GROWTH_MIB, " MiB")
    size = server.used_memory() / many
    yield only_told("Redis memory per scheduled job", f"{size:.0f} bytes")


def main() -> int:
    """Measure and print; exits with 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    with Server() as server:
        os.environ["STREAMQ_BROKER_URL"] = server.url
        app.conf.set_flags(broker=server.url)
        print(f"{machine()}, {server.version}\n")
        found = list(rows(server, scale))
        print(targets(found))
        app.close()
    return int(any(row.holds is False for row in found))


if __name__ == "__main__":
    sys.exit(main())

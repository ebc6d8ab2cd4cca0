"""`make bench-quick`: streamq alone against its budgets, in under a minute.

Exits with 1 when a budget that is a count or a ratio is broken. Times are printed only: on a busy
machine they say more about the machine. The bounds of ratios are wider than the targets that the
full benchmark prints, for the same reason.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.alone import enqueuing
from benchmarks.board import board_file
from benchmarks.latency import idle_starts, percentile, round_trips
from benchmarks.load import bytes_per_job, run_load
from benchmarks.peer import Peer
from benchmarks.rows import at_least, at_most, only_told, targets
from benchmarks.scripts import growth
from benchmarks.server import Server, machine

if TYPE_CHECKING:
    from benchmarks.board import Board
    from benchmarks.rows import Row

SENT_PER_JOB = 0.1  # commands from clients, enqueue to ack
BYTES = 280  # of a waiting job with 100 bytes of arguments
INNER = {"enqueue": 115, "claim": 32, "ack": 36}  # commands in a script call with 100 jobs
SET_RATIO = 0.6  # of a bare SET loop; the target is 0.85, and a busy machine moves it by a third
MANY_RATIO = 5  # times the one-by-one rate; the target is 10


def load_rows(server: Server, board: Board, peer: Peer, n: int) -> list[Row]:
    rows = []
    for kind in (*peer.kinds, "result"):
        load = run_load(server, board, peer, kind, n)
        rows += [
            at_most(f"commands sent per job, {kind}", load.sent, SENT_PER_JOB, hard=True),
            only_told(f"jobs/s, {kind}", f"{load.jobs_s:,.0f}"),
            only_told(f"Redis CPU per job, {kind}", f"{load.redis_us:.1f} µs"),
            only_told(f"worker CPU per job, {kind}", f"{load.worker_us:.1f} µs"),
        ]
    return rows


def enqueue_rows(server: Server, peer: Peer, rounds: int, n: int) -> list[Row]:
    """Ratios are taken between neighbours in time, so a busy machine is busy for both."""
    found = enqueuing(server, peer, rounds, n)
    single, many = "enqueue one by one", "enqueue many"
    return [
        at_least(f"{single}, of a bare SET loop", found["of_set"], SET_RATIO, " ×", hard=True),
        at_least(f"{many}, of one by one", found["of_once"], MANY_RATIO, " ×", hard=True),
        only_told(single, f"{1e6 * found['once']:.0f} µs"),
        only_told(many, f"{1e6 * found['many']:.1f} µs"),
    ]


def script_rows(server: Server, deep: int) -> list[Row]:
    found = growth(server, deep, deep // 10, deep // 10, rounds=15)
    rows = [
        at_most(f"commands inside one {verb} of 100 jobs", cost.inner, INNER[verb], hard=True)
        for verb, cost in found.small.items()
    ]
    for verb, cost in found.deep.items():
        measure = f"commands inside {verb}, {deep:,} waiting, of 1,000"
        rows.append(at_most(measure, cost.inner / found.small[verb].inner, 1, " ×", hard=True))
    costs = ", ".join(f"{verb} {cost.us:.1f}" for verb, cost in found.small.items())
    rows.append(only_told("Redis CPU per job at a batch of 100, by script", f"{costs} µs"))
    rows.append(only_told(f"of it with {deep:,} waiting", f"{found.ratio:.2f} ×"))
    return rows


def latency_rows(server: Server, board: Board, peer: Peer, n: int) -> list[Row]:
    starts = idle_starts(server, board, peer, n)
    trips = round_trips(server, board, peer, n)
    return [
        only_told(
            name, f"p50 {percentile(s, 0.5) * 1e3:.2f} ms, p99 {percentile(s, 0.99) * 1e3:.2f} ms"
        )
        for name, s in (("idle enqueue to start", starts), ("round trip", trips))
    ]


def measure(scale: float) -> list[Row]:
    """All rows; `scale` 1 takes most of a minute."""
    with board_file() as (path, board), Server() as server:
        print(f"{machine()}, {server.version}, no persistence\n", flush=True)
        peer = Peer("streamq", server, path)
        try:
            rows = load_rows(server, board, peer, int(12_000 * scale))
            size = bytes_per_job(server, peer, int(50_000 * scale))
            rows.append(at_most("bytes per waiting job", size, BYTES, hard=scale == 1))
            rows += enqueue_rows(
                server, peer, max(2, int(6 * scale)), max(1000, int(10_000 * scale))
            )
            rows += script_rows(server, int(30_000 * scale))
            rows += latency_rows(server, board, peer, int(60 * scale))
        finally:
            peer.close()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the usual sizes")
    began = time.monotonic()
    rows = measure(parser.parse_args().scale)
    print(targets(rows))
    broken = [row for row in rows if row.hard and not row.holds]
    print(f"\n{len(broken)} broken, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

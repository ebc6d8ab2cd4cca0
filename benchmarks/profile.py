"""Where the time of a no-op job goes in the worker, in µs per part; needs py-spy.

    python -m benchmarks.profile [async|sync|result] [jobs]

py-spy stops the worker for each sample, so the rate under it says nothing: each part's share of
the samples is multiplied by the CPU time per job of runs without it. Only the thread that holds
the interpreter's lock is sampled; what system calls take is therefore not seen.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.board import board_file
from benchmarks.load import run_load, wait_for, wait_until_left
from benchmarks.peer import Peer
from benchmarks.processes import rss_mib, stop, tree
from benchmarks.rows import table
from benchmarks.scripts import median
from benchmarks.server import Server, machine

if TYPE_CHECKING:
    from benchmarks.board import Board

RATE_HZ = 400
SHOWN = 0.01  # parts with a smaller share are put together
ROUNDS = 3


def part_of(stack: str) -> str:
    """Whom a sample belongs to: the innermost frame of ours, or the library that runs below none.

    A frame is `function (path/of/file.py:line)`.
    """
    for frame in reversed(stack.split(";")):
        function, _, place = frame.partition(" (")
        file = place.rstrip(")").rpartition(":")[0]
        if file.endswith("streamq/worker/process.py"):
            return "asyncio's loop"
        if "streamq/" in file and "benchmarks/" not in file:
            return f"{file.partition('streamq/')[2]}: {function}"
        if "benchmarks/" in file:
            return "the task itself"
        if "redis/" in file:
            return f"redis-py: {Path(file).name}"
    return "the rest"


def sampled(server: Server, board: Board, peer: Peer, kind: str, n: int) -> Counter[str]:
    """Samples by part, of a worker that runs n jobs."""
    server.clear()
    board.clear()
    peer.ask("enqueue", kind, n)
    worker = peer.start_worker(kind)
    raw = Path(server.folder) / "profile.txt"
    try:
        wait_for(board, n // 50, worker, peer)
        busy = max(tree(worker.pid)[1:] or [worker.pid], key=rss_mib)
        spy = Path(sys.prefix) / "bin" / "py-spy"
        command = [str(spy), "record", "-p", str(busy), "--gil", "-r", str(RATE_HZ)]
        recording = subprocess.Popen(
            [*command, "-d", "60", "-f", "raw", "-o", str(raw)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(board, n - 16, worker, peer)
        recording.send_signal(2)  # as Ctrl-C: it writes what it has
        recording.wait(20)
        wait_until_left(server, peer)
    finally:
        stop(worker)
    parts: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        parts[part_of(stack)] += int(count)
    return parts


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "async"
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000  # noqa: PLR2004
    with board_file() as (path, board), Server() as server:
        peer = Peer("streamq", server, path)
        try:
            loads = [run_load(server, board, peer, kind, n // 2) for _ in range(ROUNDS)]
            parts = sampled(server, board, peer, kind, n)
        finally:
            peer.close()
        print(f"{time.strftime('%Y-%m-%d')}; {machine()}; {server.version}")
    worker_us = median([one.worker_us for one in loads])
    redis_us = median([one.redis_us for one in loads])
    rate = median([one.jobs_s for one in loads])
    total = parts.total()
    lines = [(name, n) for name, n in parts.most_common() if n / total >= SHOWN]
    lines.append(("all others", total - sum(n for _, n in lines)))
    print(f"{kind}: {rate:,.0f} jobs/s; worker {worker_us:.1f} µs, Redis {redis_us:.1f} µs a job")
    print(f"{total} samples\n")
    shown = [
        (part, f"{n / total * worker_us:.2f}", f"{n / total * 100:.1f} %") for part, n in lines
    ]
    print(table(("part", "µs a job", "share"), shown))


if __name__ == "__main__":
    main()

"""The load that everybody gets: n no-op jobs enqueued, then one worker started.

The clock runs from the start of the first job to the moment when all have been acknowledged.
Jobs mark a shared page of memory (`board`); the server is asked whether anything is left only
once every job has started, so asking disturbs nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peer import PeerError
from benchmarks.processes import cpu_s, stop, waited_s
from benchmarks.scripts import is_scripted
from benchmarks.server import HARNESS, Monitor

if TYPE_CHECKING:
    import subprocess

    from benchmarks.board import Board
    from benchmarks.peer import Peer
    from benchmarks.server import Server

THREADS = 16  # by so many a count of jobs may lag behind, see Board.done
POLL_S = 0.002
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Load:
    """One run."""

    jobs_s: float
    enqueued_s: float  # jobs per second of the producer
    redis_us: float  # CPU of the server per job, enqueue to ack
    redis_enqueue_us: float  # of it for enqueuing
    redis_busy: float  # of one core, while jobs ran
    redis_waits: float  # share of that time in which it was ready to run, and no core was free
    worker_us: float  # CPU of the worker's processes per job
    commands: dict[str, float]  # per job in the server by name, those inside scripts too

    @property
    def sent(self) -> float:
        """Commands per job from clients, of streamq: all that no script of its calls."""
        outside = self.commands.keys() - HARNESS
        return sum(self.commands[name] for name in outside if not is_scripted(name))

    @property
    def calls(self) -> float:
        """Commands per job in the server, those inside scripts too."""
        return sum(self.commands.values())


def wait_for(board: Board, n: int, worker: subprocess.Popen[bytes], peer: Peer) -> None:
    """Until n jobs have started."""
    deadline = time.monotonic() + PATIENCE_S
    while board.done < n:
        if worker.poll() is not None:
            raise PeerError(f"{peer.key}: its worker ended\n{peer.log()}")
        if time.monotonic() > deadline:
            raise PeerError(f"{peer.key}: {board.done} of {n} jobs in {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def wait_until_left(server: Server, peer: Peer) -> None:
    """Until every job has been acknowledged."""
    deadline = time.monotonic() + PATIENCE_S
    while left := server.left(peer.left):
        if time.monotonic() > deadline:
            raise PeerError(f"{peer.key}: {left} jobs were never acknowledged")
        time.sleep(POLL_S)


def run_load(
    server: Server, board: Board, peer: Peer, kind: str, n: int, *, workers: int = 1
) -> Load:
    """One run of n jobs."""
    server.clear()
    board.clear()
    before = server.read()
    enqueue_s = peer.ask("enqueue", kind, n)
    enqueued = server.read()
    running = [peer.start_worker(kind) for _ in range(workers)]
    try:
        wait_for(board, 1, running[0], peer)
        waited = waited_s(server.process.pid)
        warm, used, done = server.read(), sum(cpu_s(one.pid) for one in running), board.done
        wait_for(board, max(1, n - THREADS * workers), running[0], peer)
        wait_until_left(server, peer)
        ended = time.monotonic_ns()
        spent = sum(cpu_s(one.pid) for one in running) - used
        after = server.read().since(warm)
        waited = waited_s(server.process.pid) - waited
    finally:
        for one in running:
            stop(one)
    enqueuing = enqueued.since(before)
    seconds = (max(ended, board.last) - board.first) / 1e9
    rest = max(1, n - done)
    return Load(
        jobs_s=n / seconds,
        enqueued_s=n / enqueue_s,
        redis_us=1e6 * (enqueuing.cpu_s / n + after.cpu_s / rest),
        redis_enqueue_us=1e6 * enqueuing.cpu_s / n,
        redis_busy=after.cpu_s / seconds,
        redis_waits=waited / seconds,
        worker_us=1e6 * spent / rest,
        commands={
            name: enqueuing.calls.get(name, 0) / n + calls / rest
            for name, calls in after.calls.items()
        },
    )


def count_commands(
    server: Server, board: Board, peer: Peer, kind: str, n: int
) -> tuple[float, dict[str, int]]:
    """Commands that clients send per job, enqueue to ack, and how many of each in all.

    In a run of its own: MONITOR shows which commands came from a script, and slows the server.
    """
    server.clear()
    board.clear()
    monitor = Monitor(server)
    try:
        peer.ask("enqueue", kind, n)
        worker = peer.start_worker(kind)
        try:
            wait_for(board, max(1, n - THREADS), worker, peer)
            wait_until_left(server, peer)
            commands = monitor.close()
        finally:
            stop(worker)
    finally:
        monitor.close()
    return commands / n, monitor.by_name


def bytes_per_job(server: Server, peer: Peer, n: int) -> float:
    """Memory of a waiting job with 100 bytes of arguments."""
    server.clear()
    peer.ask("fill", 10)  # what is there once, connections and scripts
    before = server.used_memory()
    peer.ask("fill", n)
    return (server.used_memory() - before) / n
